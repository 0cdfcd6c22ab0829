/*
 * A recipe's training steps without its data: teacher's and student's, of the
 * shapes they have in a run, on images that nobody looks at. Private to src/lab.
 */
#ifndef UT_REHEARSAL_H
#define UT_REHEARSAL_H

#include "base/fingerprint.h"
#include "lab/recipe.h"

/* The steps: of the teacher, and of the student with auxiliary logits. */
enum { UT_REHEARSED = 2 };

struct ut_rehearsal;

/*
 * Prepares R replicas side by side; R = 0: as many as a run on the device has,
 * but no more than leave a host the same work of a second or so. Free it either
 * way, before the device is closed.
 */
enum ut_status ut_rehearsal_new(struct ut_rehearsal **rehearsal,
				const struct ut_recipe *recipe, unsigned R,
				struct ut_device *device,
				struct ut_error *error);
void ut_rehearsal_free(struct ut_rehearsal *rehearsal);

unsigned ut_rehearsal_replicas(const struct ut_rehearsal *rehearsal);

/*
 * Takes the first steps of both kinds; *print is of every gradient and parameter
 * they made: the same on every device that keeps the contract, for the same
 * recipe and replicas. Once, before any is timed.
 */
enum ut_status ut_rehearsal_prove(struct ut_rehearsal *rehearsal,
				  struct ut_fingerprint *print,
				  struct ut_error *error);

/* Seconds that `steps` steps of a kind (below UT_REHEARSED) took. */
enum ut_status ut_rehearsal_time(struct ut_rehearsal *rehearsal, unsigned kind,
				 unsigned steps, double *seconds,
				 struct ut_error *error);

#endif
