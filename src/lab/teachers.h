/* Teachers of another run, used instead of training them again. */
#ifndef UT_TEACHERS_H
#define UT_TEACHERS_H

#include "lab/session.h"
#include "report/safetensors.h"

/* What a run's folder tells of its teachers. */
struct ut_teachers {
	const char *folder;
	size_t replicas; /* of that run */
	uint64_t epochs;
	struct ut_point *points; /* (epochs + 1, replicas) */
	struct ut_tensors weights;
	char flaw[UT_FLAW]; /* why their bits are not the contract's, or "" */
};

/*
 * Reads the teachers of the folder for a run of the recipe on the data;
 * teachers->folder stays the caller's. UT_INVALID names the first key in which
 * the two runs' teachers differ, or says that fewer replicas were kept than the
 * recipe needs; UT_CORRUPT: other data, or files that do not belong together.
 * Release *teachers when the status is UT_OK.
 */
enum ut_status ut_teachers_open(struct ut_teachers *teachers,
				const char *folder,
				const struct ut_recipe *recipe,
				const struct ut_dataset *data,
				struct ut_error *error);
void ut_teachers_release(struct ut_teachers *teachers);

/*
 * Does for group->teacher what training does: arenas and points. UT_CORRUPT
 * when those teachers began elsewhere than the group does.
 */
enum ut_status ut_teachers_give(const struct ut_teachers *teachers,
				struct ut_group *group, struct ut_error *error);

#endif
