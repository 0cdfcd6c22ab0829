/* The weights that a run keeps, gathered group by group. */
#ifndef UT_KEEPER_H
#define UT_KEEPER_H

#include "lab/archive.h"
#include "lab/recipe.h"

struct ut_keeper {
	const struct ut_net *net;
	size_t replicas;              /* how many are kept: the first ones */
	float *arenas[UT_CONDITIONS]; /* (replicas, parameters), or NULL */
};

/* Begins with nothing; net stays the caller's. Release it. */
void ut_keeper_init(struct ut_keeper *keeper, const struct ut_recipe *recipe,
		    const struct ut_net *net);
void ut_keeper_release(struct ut_keeper *keeper);

/* Takes those of a condition's arenas that are kept, as ut_observer tells. */
enum ut_status ut_keeper_take(struct ut_keeper *keeper,
			      enum ut_condition condition, unsigned first,
			      unsigned replicas, const float *arenas,
			      struct ut_error *error);

/*
 * The arenas of a condition that are kept, of the replicas that have done it:
 * reached[r] conditions are done by replica r.
 */
enum ut_status ut_keeper_archive(struct ut_keeper *keeper,
				 enum ut_condition condition,
				 const uint8_t *reached,
				 struct ut_archive *archive,
				 struct ut_error *error);

/* Writes the conditions' files into the folder, and lets go of what is written.
 */
enum ut_status ut_keeper_write(struct ut_keeper *keeper, const char *folder,
			       struct ut_error *error);

#endif
