/* A run's receipt.json, and the tables beside it. */
#ifndef UT_RECEIPT_H
#define UT_RECEIPT_H

#include <jansson.h>

#include "data/dataset.h"
#include "lab/experiment.h"

/* What the receipt is about. */
struct ut_receipt {
	const struct ut_recipe *recipe;
	const struct ut_dataset *data;
	const struct ut_net *net;
	struct ut_device *const *devices; /* (device_count) */
	size_t device_count;
	const struct ut_share *shares; /* (device_count) */
	const struct ut_results *results;
};

/*
 * Writes folder/receipt.json, metrics.csv, recipe.ini, and samples.csv and
 * diagnostics.csv if the results hold such.
 */
enum ut_status ut_receipt_write(const struct ut_receipt *receipt,
				const char *folder, struct ut_error *error);

/* Reads a run's receipt; release it with json_decref. */
enum ut_status ut_receipt_read(json_t **receipt, const char *folder,
			       struct ut_error *error);

/*
 * The recipe as an object, its values as recipes write them, without keys of
 * circumstance; NULL when memory ran out or a value is not UTF-8.
 */
json_t *ut_receipt_keys(const struct ut_recipe *recipe);

/*
 * Reads it back from a receipt, over the defaults. UT_MISSING: it was written
 * before receipts had one.
 */
enum ut_status ut_receipt_recipe(const json_t *receipt,
				 struct ut_recipe *recipe,
				 struct ut_error *error);

/* The same of a receipt's file. */
enum ut_status ut_receipt_load_recipe(struct ut_recipe *recipe,
				      const char *path, struct ut_error *error);

/* Appends the receipt's fingerprints, "PHASE EPOCH HASH" a line. */
enum ut_status ut_receipt_prints(const json_t *receipt, struct ut_text *text,
				 struct ut_error *error);

/* UT_CORRUPT when the data are not those of the receipt. */
enum ut_status ut_receipt_check_data(const json_t *receipt,
				     const struct ut_dataset *data,
				     struct ut_error *error);

/*
 * The accuracies of a condition as recorded, count of them into accuracy;
 * UT_CORRUPT when there are fewer.
 */
enum ut_status ut_receipt_accuracies(const json_t *receipt,
				     enum ut_condition condition, size_t count,
				     double *accuracy, struct ut_error *error);

#endif
