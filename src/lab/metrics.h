/* A run's metrics.csv, read back. */
#ifndef UT_METRICS_H
#define UT_METRICS_H

#include <jansson.h>

#include "base/csv.h"
#include "lab/results.h"

/* The file, and what its columns are called. */
#define UT_METRICS_FILE "metrics.csv"
#define UT_METRICS_NAMES \
	"phase,epoch,replica,loss,accuracy,learning_rate,fingerprint"
enum { UT_METRICS_COLUMNS = 7 };

/*
 * Takes the table's row, from 0, which must be the point of this phase, epoch
 * and replica; UT_CORRUPT where it is not.
 */
enum ut_status ut_metrics_take(const struct ut_csv *csv, size_t row,
			       enum ut_condition phase, uint64_t epoch,
			       size_t replica, struct ut_point *point,
			       struct ut_error *error);

/*
 * UT_CORRUPT unless the phase's points have the fingerprints of the receipt, one
 * an epoch. folder, the run's, stands in the errors.
 */
enum ut_status ut_metrics_check(const struct ut_results *results,
				enum ut_condition phase, const json_t *receipt,
				const char *folder, struct ut_error *error);

#endif
