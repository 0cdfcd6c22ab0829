/* What a receipt says, for whoever checks it. Private to src/lab. */
#ifndef UT_VERIFY_RECEIPT_H
#define UT_VERIFY_RECEIPT_H

#include <jansson.h>

#include "lab/verify.h"

/* A receipt that makes sense, with what is in it. */
struct ut_testimony {
	json_t *receipt;
	char *folder; /* it is in: there may be a recipe.ini */
	/* (epochs + 1) of every condition that is trained */
	struct ut_fingerprint *prints[UT_CONDITIONS];
};

/*
 * Reads the receipt that is the file at path, or in the folder path: sets the
 * verification's recipe, device, exactness, flaws and how many fingerprints
 * there are, and appends its notes. Release it either way.
 */
enum ut_status ut_testimony_read(struct ut_testimony *testimony,
				 const char *path,
				 const struct ut_verify_options *options,
				 struct ut_verification *verification,
				 struct ut_error *error);
void ut_testimony_release(struct ut_testimony *testimony);

/* Whether the condition is trained, and has fingerprints. */
bool ut_verify_trained(const struct ut_recipe *recipe, enum ut_condition c);

/* Takes a text into its place, cut where it is too long, and releases it. */
void ut_verify_take(struct ut_text *text, char to[UT_VERIFY_TEXT]);

#endif
