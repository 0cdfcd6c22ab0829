/* What a run is made of, as tensors for other programs: docs/RECIPES.md. */
#ifndef UT_EXPORT_H
#define UT_EXPORT_H

#include "lab/recipe.h"

enum ut_export_what {
	UT_EXPORT_INIT,    /* initial weights of teachers and students */
	UT_EXPORT_DATA,    /* the images, and how pixels become numbers */
	UT_EXPORT_BATCHES, /* what a teacher is shown */
	UT_EXPORT_NOISE,   /* what a student is shown */
	UT_EXPORT_LOGITS,  /* a teacher's answers */
	UT_EXPORT_MASKS,   /* what dropout leaves */
	UT_EXPORTS,
};

/* Their names; NULL-terminated. */
extern const char *const ut_export_names[];

/* Bytes of the largest file that is written. */
#define UT_EXPORT_LIMIT ((double)8 * (1 << 30))

struct ut_export {
	enum ut_export_what what;
	const char *folder;             /* a run's, or NULL: of the recipe */
	const struct ut_recipe *recipe; /* ignored where there is a folder */
	const char *out;                /* the file to make */
	bool force;                     /* replace a file there */
	const char *device;             /* selector, or NULL */
	const char *data_dir;           /* where the data are now, or NULL */
	const char *const *data_roots;  /* as ut_dataset_load takes them */
	/* UT_CONDITIONS: the teacher, or for noise aux */
	enum ut_condition condition;
	uint64_t replica;
	uint64_t epochs[2]; /* the first and the last, from 1; 0: 1 */
	uint64_t steps[2];  /* of each epoch, the same; 0: all */
	/* Asked between steps; true ends it, UT_INTERRUPTED; or NULL. */
	bool (*stop)(void *user);
	void *user;
};

/*
 * Writes options->out, whole or not at all; *bytes, if not NULL, is how long it
 * is. UT_INVALID, with the bytes it would take, for what would be larger than
 * UT_EXPORT_LIMIT; UT_EXISTS without force; UT_CORRUPT for data that are not
 * the run's.
 */
enum ut_status ut_export_write(const struct ut_export *options, uint64_t *bytes,
			       struct ut_error *error);

#endif
