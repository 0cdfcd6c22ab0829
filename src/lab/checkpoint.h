/*
 * Checkpoints: an unfinished run, kept beside its folder so that it can go on.
 *
 * RUN.checkpoint is there once a state was kept: recipe.ini, plan.json and the
 * newest two states, state-0 and state-1, each complete (lab/state.h). From the
 * run's beginning to its end a lock beside it, .NAME.lock, keeps other processes
 * away.
 */
#ifndef UT_CHECKPOINT_H
#define UT_CHECKPOINT_H

#include "base/lock.h"
#include "lab/state.h"

/* What a run was asked for, beside its recipe. */
struct ut_plan {
	char teacher[UT_RECIPE_PATH]; /* the folder of its teachers, or "" */
	bool force;
	uint64_t interval; /* epochs between states; 0: when stopped alone */
};

struct ut_checkpoint {
	char *folder; /* RUN.checkpoint; NULL: not open */
	struct ut_lock lock;
	struct ut_plan plan;
	bool described;    /* recipe and plan are in the folder */
	uint64_t sequence; /* number of the newest state; 0: none */
	double seconds;    /* of the run, before it was interrupted */
	struct ut_subject subject;
	struct ut_ledger ledger; /* the subject's */
};

/* Whether there are states of a run that was to leave the folder. */
bool ut_checkpoint_exists(const char *run);

/*
 * Locks the run and looks at RUN.checkpoint. UT_EXISTS when another process has
 * the lock, when it is no checkpoint, and when states are in it, unless they are
 * to be resumed or (force) removed. Close it when the status is UT_OK.
 */
enum ut_status ut_checkpoint_open(struct ut_checkpoint *checkpoint,
				  const char *run, const struct ut_plan *plan,
				  bool resume, struct ut_error *error);

/* Reads the recipe and the plan of an interrupted run. */
enum ut_status ut_checkpoint_recall(const char *run, struct ut_recipe *recipe,
				    struct ut_plan *plan,
				    struct ut_error *error);

/*
 * Reads the newest state that is whole and the subject's into its results, its
 * keeper and the ledger, which becomes the subject's. Why one is not used is
 * appended to notes. UT_CORRUPT when there are states but none to be used; where
 * there are none, nothing is done yet.
 */
enum ut_status ut_checkpoint_load(struct ut_checkpoint *checkpoint,
				  const struct ut_subject *subject,
				  struct ut_text *notes,
				  struct ut_error *error);

/* Whether the group goes on in the middle of this training. */
bool ut_checkpoint_resumes(const struct ut_session *session,
			   enum ut_condition phase);

/* Puts the trainer where the session's group was kept. */
enum ut_status ut_checkpoint_restore(struct ut_trainer *t,
				     struct ut_error *error);

/*
 * Keeps the trainer's group after so many steps of an epoch, with all else that
 * is done or was kept of the run.
 */
enum ut_status ut_checkpoint_save(struct ut_checkpoint *checkpoint,
				  struct ut_trainer *t, uint64_t epoch,
				  size_t step, struct ut_error *error);

/* The same after an epoch, if as many have passed as the plan says. */
enum ut_status ut_checkpoint_epoch(struct ut_checkpoint *checkpoint,
				   struct ut_trainer *t,
				   struct ut_error *error);

/* Keeps what is done or was kept of the run so far; seconds: that it took. */
enum ut_status ut_checkpoint_write(struct ut_checkpoint *checkpoint,
				   double seconds, struct ut_error *error);

/*
 * Unlocks. The folder stays if `keep` and there are states in it; else it is
 * removed. One that is all zero is fine.
 */
void ut_checkpoint_close(struct ut_checkpoint *checkpoint, bool keep);

#endif
