/* The weights that a run keeps, gathered group by group. */
#include "lab/keeper.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "lab/weights.h"

void ut_keeper_init(struct ut_keeper *keeper, const struct ut_recipe *recipe,
		    const struct ut_net *net)
{
	*keeper = (struct ut_keeper){
		.net = net,
		.replicas = ut_weights_kept(recipe),
	};
}

static void drop(struct ut_keeper *keeper, enum ut_condition condition)
{
	free(keeper->arenas[condition]);
	keeper->arenas[condition] = NULL;
}

void ut_keeper_release(struct ut_keeper *keeper)
{
	int c;

	for (c = 0; c < UT_CONDITIONS; ++c)
		drop(keeper, c);
}

/* Room for a condition's arenas, made when the first of them comes. */
static enum ut_status make_room(struct ut_keeper *keeper,
				enum ut_condition condition,
				struct ut_error *error)
{
	if (!keeper->arenas[condition])
		keeper->arenas[condition] =
			calloc(keeper->replicas,
			       keeper->net->parameters * sizeof(float));
	if (keeper->arenas[condition])
		return UT_OK;
	return ut_error_set(error, UT_MEMORY,
			    "out of memory for the weights of %s",
			    ut_condition_name(condition));
}

enum ut_status ut_keeper_take(struct ut_keeper *keeper,
			      enum ut_condition condition, unsigned first,
			      unsigned replicas, const float *arenas,
			      struct ut_error *error)
{
	size_t P = keeper->net->parameters, count = replicas;
	enum ut_status status;

	if (!ut_weights_file(condition) || first >= keeper->replicas)
		return UT_OK;
	if (count > keeper->replicas - first)
		count = keeper->replicas - first;
	status = make_room(keeper, condition, error);
	if (!status)
		memcpy(keeper->arenas[condition] + first * P, arenas,
		       count * P * sizeof(*arenas));
	return status;
}

enum ut_status ut_keeper_archive(struct ut_keeper *keeper,
				 enum ut_condition condition,
				 const uint8_t *reached,
				 struct ut_archive *archive,
				 struct ut_error *error)
{
	size_t P = keeper->net->parameters, r;
	enum ut_status status = UT_OK;

	if (!ut_weights_file(condition))
		return UT_OK;
	for (r = 0; r < keeper->replicas && !status; ++r) {
		float *arenas;

		if (reached[r] <= condition)
			continue;
		if (archive->mode == UT_ARCHIVE_READ)
			status = make_room(keeper, condition, error);
		arenas = keeper->arenas[condition];
		if (!status)
			ut_archive_bytes(archive,
					 arenas ? arenas + r * P : NULL,
					 P * sizeof(float));
	}
	return status;
}

static enum ut_status write_condition(const struct ut_keeper *keeper,
				      enum ut_condition condition,
				      const char *folder,
				      struct ut_error *error)
{
	char *path = ut_path_join(folder, ut_weights_file(condition));
	size_t P = keeper->net->parameters, r;
	struct ut_tensors file;
	enum ut_status status;

	if (!path)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	ut_tensors_init(&file);
	for (r = 0; r < keeper->replicas; ++r)
		ut_weights_add(&file, keeper->net, r,
			       keeper->arenas[condition] + r * P);
	status = ut_tensors_write(&file, path, error);
	ut_tensors_release(&file);
	free(path);
	return status;
}

enum ut_status ut_keeper_write(struct ut_keeper *keeper, const char *folder,
			       struct ut_error *error)
{
	enum ut_status status = UT_OK;
	int c;

	for (c = 0; c < UT_CONDITIONS && !status; ++c)
		if (keeper->arenas[c]) {
			status = write_condition(keeper, c, folder, error);
			drop(keeper, c);
		}
	return status;
}
