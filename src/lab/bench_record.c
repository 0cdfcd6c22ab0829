/* Benchmarks as JSON, and beside those of another day. */
#include "lab/bench_record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <undertone/version.h>

#include "config.h"
#include "lab/json_file.h"

enum { MEASURES_MOST = 10000 };

bool ut_bench_record_add(struct ut_bench_record *record,
			 const struct ut_measure *m)
{
	if (record->count == record->capacity) {
		size_t capacity = 2 * record->capacity + 64;
		struct ut_measure *more =
			realloc(record->measures, capacity * sizeof(*more));

		if (!more)
			return false;
		record->measures = more;
		record->capacity = capacity;
	}
	record->measures[record->count++] = *m;
	return true;
}

void ut_bench_record_release(struct ut_bench_record *record)
{
	size_t i;

	for (i = 0; record->suites && i < record->count; ++i)
		free(record->suites[i]);
	free(record->suites);
	free(record->measures);
	*record = (struct ut_bench_record){0};
}

/* Writing ------------------------------------------------------------------ */

static json_t *device_json(const struct ut_device_info *info,
			   const struct ut_library *library)
{
	json_t *object =
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:i, s:b}", "name",
			  info->name, "platform", info->platform, "driver",
			  info->driver, "kind", ut_device_kind_name(info->kind),
			  "level", info->level, "memory_bytes",
			  (json_int_t)info->memory_bytes, "compute_units",
			  (int)info->compute_units, "bit_exact",
			  (int)info->bit_exact);

	if (!info->bit_exact)
		json_object_set_new(object, "flaw", json_string(info->flaw));
	if (library)
		json_object_set_new(object, "library",
				    json_string(library->version));
	return object;
}

static json_t *measure_json(const struct ut_measure *m)
{
	json_t *object =
		json_pack("{s:s, s:s, s:f, s:f, s:f, s:f, s:f}", "suite",
			  m->suite, "name", m->name, "seconds", m->seconds,
			  "flop", m->flop, "bytes", m->bytes,
			  "peak_flop_per_second", m->peak,
			  "peak_bytes_per_second", m->bandwidth);
	double share = ut_measure_share(m);

	if (!isnan(share))
		json_object_set_new(object, "share_of_roof", json_real(share));
	return object;
}

json_t *ut_bench_record_json(const struct ut_bench_record *record,
			     const struct ut_library *library)
{
	json_t *measures = json_array();
	size_t i;

	for (i = 0; i < record->count; ++i)
		json_array_append_new(measures,
				      measure_json(&record->measures[i]));
	return json_pack("{s:s, s:i, s:o, s:b, s:o}", "undertone", UT_VERSION,
			 "contract", UT_CONTRACT, "device",
			 device_json(&record->device, library), "quick",
			 (int)record->quick, "measures", measures);
}

json_t *ut_bench_exactness_json(const struct ut_device_info *info,
				const struct ut_library *library, bool quick,
				json_t *contests)
{
	return json_pack("{s:s, s:i, s:o, s:b, s:O}", "undertone", UT_VERSION,
			 "contract", UT_CONTRACT, "device",
			 device_json(info, library), "quick", (int)quick,
			 "exactness", contests);
}

/* Reading ------------------------------------------------------------------ */

/* A text of at most size - 1 bytes; false when there is none. */
static bool read_text(const json_t *object, const char *key, char *to,
		      size_t size)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (!text || strlen(text) >= size)
		return false;
	strcpy(to, text);
	return true;
}

/* A number of [0, 1e30), not 0 where it must not be. */
static bool read_number(const json_t *object, const char *key, bool zero,
			double *to)
{
	const json_t *value = json_object_get(object, key);

	*to = json_number_value(value);
	return json_is_number(value) && *to >= 0 && *to < 1e30 &&
	       (zero || *to > 0);
}

/* What is wrong with it, or NULL. */
static const char *read_measure(const json_t *object, struct ut_measure *m,
				char **suite)
{
	char text[64];

	if (!read_text(object, "suite", text, sizeof(text)) ||
	    !read_text(object, "name", m->name, sizeof(m->name)))
		return "has no suite and name";
	if (!read_number(object, "seconds", false, &m->seconds))
		return "has no seconds above 0";
	if (!read_number(object, "flop", true, &m->flop) ||
	    !read_number(object, "bytes", true, &m->bytes))
		return "has no flop and bytes";
	if (!read_number(object, "peak_flop_per_second", false, &m->peak) ||
	    !read_number(object, "peak_bytes_per_second", false, &m->bandwidth))
		return "has no peaks above 0";
	*suite = malloc(strlen(text) + 1);
	if (!*suite)
		return "is too much for the memory";
	m->suite = strcpy(*suite, text);
	return NULL;
}

static enum ut_status read_measures(struct ut_bench_record *record,
				    const json_t *array, const char *path,
				    struct ut_error *error)
{
	size_t count = json_array_size(array);

	if (!count || count > MEASURES_MOST)
		return ut_error_set(error, UT_CORRUPT,
				    "%s: not a benchmark: %zu measures, and "
				    "there must be 1 to %d",
				    path, count, MEASURES_MOST);
	record->measures = calloc(count, sizeof(*record->measures));
	record->suites = calloc(count, sizeof(*record->suites));
	if (!record->measures || !record->suites)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	for (; record->count < count; ++record->count) {
		size_t i = record->count;
		const char *fault =
			read_measure(json_array_get(array, i),
				     &record->measures[i], &record->suites[i]);

		if (fault)
			return ut_error_set(error, UT_CORRUPT,
					    "%s: not a benchmark: measure %zu "
					    "%s",
					    path, i + 1, fault);
	}
	return UT_OK;
}

enum ut_status ut_bench_record_read(struct ut_bench_record *record,
				    const char *path, struct ut_error *error)
{
	struct ut_device_info *info = &record->device;
	const json_t *device;
	enum ut_status status;
	json_t *json;

	*record = (struct ut_bench_record){0};
	status = ut_json_read(&json, path, "a benchmark", error);
	if (status)
		return status;
	device = json_object_get(json, "device");
	record->quick = json_is_true(json_object_get(json, "quick"));
	if (!read_text(device, "name", info->name, sizeof(info->name)) ||
	    !read_text(device, "platform", info->platform,
		       sizeof(info->platform)) ||
	    !read_text(device, "driver", info->driver, sizeof(info->driver)) ||
	    !read_text(device, "level", info->level, sizeof(info->level)))
		status = ut_error_set(error, UT_CORRUPT,
				      "%s: not a benchmark: it names no device",
				      path);
	if (!status)
		status =
			read_measures(record, json_object_get(json, "measures"),
				      path, error);
	json_decref(json);
	return status;
}

/* Comparing ---------------------------------------------------------------- */

static bool same(const struct ut_measure *a, const struct ut_measure *b)
{
	return !strcmp(a->suite, b->suite) && !strcmp(a->name, b->name);
}

static const struct ut_measure *partner(const struct ut_bench_record *record,
					const struct ut_measure *m)
{
	size_t i;

	for (i = 0; i < record->count; ++i)
		if (same(&record->measures[i], m))
			return &record->measures[i];
	return NULL;
}

static int slowest_first(const void *a, const void *b)
{
	const struct ut_ratio *x = a, *y = b;

	return (x->speed > y->speed) - (x->speed < y->speed);
}

static void pair_up(struct ut_comparison *c, const struct ut_bench_record *now,
		    const struct ut_bench_record *then)
{
	double speed = 0, share = 0;
	size_t i, shares = 0;

	for (i = 0; i < now->count; ++i) {
		const struct ut_measure *m = &now->measures[i];
		const struct ut_measure *before = partner(then, m);
		struct ut_ratio *ratio = &c->ratios[c->count];

		if (!before) {
			++c->only_now;
			continue;
		}
		*ratio = (struct ut_ratio){m, before,
					   before->seconds / m->seconds,
					   ut_measure_share(m) /
						   ut_measure_share(before)};
		speed += log(ratio->speed);
		if (ratio->share > 0) {
			share += log(ratio->share);
			++shares;
		}
		++c->count;
	}
	for (i = 0; i < then->count; ++i)
		c->only_then += !partner(now, &then->measures[i]);
	c->speed = exp(speed / (double)c->count);
	c->share = shares ? exp(share / (double)shares) : NAN;
}

enum ut_status ut_bench_check_baseline(const struct ut_bench_record *now,
				       const struct ut_bench_record *then,
				       bool any, struct ut_error *error)
{
	const struct ut_device_info *a = &now->device, *b = &then->device;

	if (!any &&
	    (strcmp(a->name, b->name) || strcmp(a->platform, b->platform)))
		return ut_error_set(error, UT_INVALID,
				    "the baseline is of %s (%s), and this is "
				    "%s (%s); --force compares them all the "
				    "same",
				    b->name, b->platform, a->name, a->platform);
	if (!any && now->quick != then->quick)
		return ut_error_set(error, UT_INVALID,
				    "one of baseline and this is quick, and "
				    "measures other sizes; --force compares "
				    "them all the same");
	return UT_OK;
}

enum ut_status ut_bench_compare(struct ut_comparison *comparison,
				const struct ut_bench_record *now,
				const struct ut_bench_record *then,
				struct ut_error *error)
{
	*comparison = (struct ut_comparison){0};
	comparison->ratios = calloc(now->count + 1, sizeof(struct ut_ratio));
	if (!comparison->ratios)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	pair_up(comparison, now, then);
	if (!comparison->count) {
		ut_comparison_release(comparison);
		return ut_error_set(error, UT_INVALID,
				    "the baseline has none of these "
				    "measurements");
	}
	qsort(comparison->ratios, comparison->count, sizeof(struct ut_ratio),
	      slowest_first);
	return UT_OK;
}

void ut_comparison_release(struct ut_comparison *comparison)
{
	free(comparison->ratios);
	*comparison = (struct ut_comparison){0};
}
