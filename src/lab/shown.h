/* The real images that students are shown, and which of them when. */
#ifndef UT_SHOWN_H
#define UT_SHOWN_H

#include "lab/session.h"

/*
 * Loads the recipe's distill.noise_set, if it shows another set's images, to
 * data->shown. data is loaded; the rest as ut_dataset_load has it. UT_INVALID
 * where the images are of another size than data's.
 */
enum ut_status ut_shown_load(struct ut_dataset *data,
			     const struct ut_recipe *recipe,
			     const char *const *roots,
			     const struct ut_observer *observer,
			     struct ut_error *error);

/* Whether two recipes show images of the same set. */
bool ut_shown_same(const struct ut_recipe *a, const struct ut_recipe *b);

/* How many images there are to be shown, and where they are on the device. */
size_t ut_shown_count(const struct ut_session *session);
struct ut_slice ut_shown_images(const struct ut_session *session);

/* An epoch's choice, for one replica after the other. */
struct ut_shown {
	size_t images;      /* shown in an epoch */
	size_t count;       /* of the set */
	uint32_t *sequence; /* (images) */
	uint32_t *pass;     /* (count) */
};

/* False where there is no memory. Release it either way. */
bool ut_shown_init(struct ut_shown *shown, const struct ut_session *session,
		   size_t images);
void ut_shown_release(struct ut_shown *shown);

/*
 * Which images a replica sees: ids (images) are names of noise images, of which
 * the smallest is `first`, and become those of the images that go with them.
 * Name n goes with the n-th of an endless sequence: all images of the set in a
 * shuffled order, then all of them in another, and so on. rng is the replica's,
 * UT_PURPOSE_SHOWN; shuffled false: in the set's own order.
 */
void ut_shown_choose(struct ut_shown *shown, struct ut_rng rng, bool shuffled,
		     uint64_t first, uint32_t *ids);

#endif
