/* A run's folder as it is read back, for reports: all of it checked as input. */
#ifndef UT_RECORD_H
#define UT_RECORD_H

#include <jansson.h>

#include "base/csv.h"
#include "lab/pictures.h"
#include "lab/results.h"

struct ut_record {
	const char *folder; /* the caller's */
	struct ut_recipe recipe;
	json_t *receipt;
	/* From receipt.json, metrics.csv and samples.csv; without confusion. */
	struct ut_results results;
	/* (classes, classes), summed over replicas; NULL: not measured */
	uint64_t *confusion[UT_CONDITIONS];
	const char
		*class_names[UT_DATASET_CLASSES]; /* the receipt's, or NULL */
	size_t test_images;
	struct ut_csv diagnostics; /* no columns where there are none */
	struct ut_pictures pictures;
};

/*
 * Reads a run's recipe.ini, receipt.json, metrics.csv, samples.csv,
 * diagnostics.csv and, if it is there, pictures.safetensors. What is missing, cut, or contradicts the rest is an error
 * that names the file. Release it either way.
 */
enum ut_status ut_record_read(struct ut_record *record, const char *folder,
			      struct ut_error *error);
void ut_record_release(struct ut_record *record);

/* A text of the receipt, found by names with dots between, or "". */
const char *ut_record_text(const struct ut_record *record, const char *path);

/* A number of it, or NaN. */
double ut_record_number(const struct ut_record *record, const char *path);

/* Appends the name of the device, or of all, with commas between. */
void ut_record_devices(const struct ut_record *record, struct ut_text *text);

/* The name of a class for people: "3" where it has none. */
const char *ut_record_class(const struct ut_record *record, size_t c,
			    char name[32]);

#endif
