/* A run's metrics.csv, read back. */
#include "lab/metrics.h"

#include <string.h>

#include "base/file.h"

/* A number that may be missing: then it is below 0. */
static bool parse_optional(const char *text, double *number)
{
	*number = -1;
	return !*text || ut_parse_double(text, 0, 1e300, number);
}

enum ut_status ut_metrics_take(const struct ut_csv *csv, size_t row,
			       enum ut_condition phase, uint64_t epoch,
			       size_t replica, struct ut_point *point,
			       struct ut_error *error)
{
	uint64_t n;

	if (strcmp(ut_csv_field(csv, row, 0), ut_condition_name(phase)) ||
	    !ut_parse_u64(ut_csv_field(csv, row, 1), epoch, epoch, &n) ||
	    !ut_parse_u64(ut_csv_field(csv, row, 2), replica, replica, &n))
		return ut_csv_complain(csv, row,
				       "not the phase, epoch and replica that "
				       "come next",
				       error);
	if (!parse_optional(ut_csv_field(csv, row, 3), &point->loss) ||
	    !parse_optional(ut_csv_field(csv, row, 4), &point->accuracy) ||
	    !ut_parse_double(ut_csv_field(csv, row, 5), 0, 1e300,
			     &point->rate) ||
	    !ut_fingerprint_parse(ut_csv_field(csv, row, 6), &point->print))
		return ut_csv_complain(csv, row, "not a point of a training",
				       error);
	return UT_OK;
}

enum ut_status ut_metrics_check(const struct ut_results *results,
				enum ut_condition phase, const json_t *receipt,
				const char *folder, struct ut_error *error)
{
	uint64_t epochs = results->phases[phase].epochs, epoch;
	const char *name = ut_condition_name(phase);
	const json_t *prints =
		json_object_get(json_object_get(receipt, "fingerprints"), name);

	if (json_array_size(prints) != epochs + 1)
		return ut_error_set(error, UT_CORRUPT,
				    "%s/" UT_RECEIPT_FILE
				    ": not a fingerprint of %s an epoch",
				    folder, name);
	for (epoch = 0; epoch <= epochs; ++epoch) {
		const char *text =
			json_string_value(json_array_get(prints, epoch));
		struct ut_fingerprint print;

		if (!text || !ut_fingerprint_parse(text, &print) ||
		    !ut_fingerprint_equal(print,
					  ut_results_print(results, phase,
							   epoch)))
			return ut_error_set(error, UT_CORRUPT,
					    "%s: " UT_METRICS_FILE
					    " and " UT_RECEIPT_FILE
					    " have other fingerprints of %s, "
					    "epoch %llu",
					    folder, name,
					    (unsigned long long)epoch);
	}
	return UT_OK;
}
