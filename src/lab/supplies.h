/* What a run needs before it starts, shared by the runs of one process. */
#ifndef UT_SUPPLIES_H
#define UT_SUPPLIES_H

#include "lab/experiment.h"

/* How the recipe wants photographs made; observer, or NULL, may stop it. */
struct ut_image_options ut_data_options(const struct ut_recipe *recipe,
					const struct ut_observer *observer);

/*
 * Loads and prepares the recipe's data. roots: as ut_dataset_load takes them.
 * observer may stop it, or is NULL. Release *data when the status is UT_OK.
 */
enum ut_status ut_data_load(struct ut_dataset *data,
			    const struct ut_recipe *recipe,
			    const char *const *roots,
			    const struct ut_observer *observer,
			    struct ut_error *error);

/* A device and data that stay for the next run. All zero: none yet. */
struct ut_supplies {
	struct ut_device *device;
	char *selector; /* what the device was opened by, or NULL */
	bool selected;  /* there is a device */
	struct ut_dataset data;
	struct ut_recipe recipe; /* what the data were loaded by */
	bool loaded;             /* there are data */
};

/*
 * Gets the data of the recipe, the device of the selector: those that are there
 * where they are the same, else new ones, and the old ones are released.
 */
enum ut_status ut_supplies_data(struct ut_supplies *supplies,
				const struct ut_recipe *recipe,
				const char *const *roots,
				const struct ut_observer *observer,
				struct ut_error *error);
enum ut_status ut_supplies_device(struct ut_supplies *supplies,
				  const char *selector, struct ut_error *error);

/* Closes a device that has failed: no work is done on it any more. */
void ut_supplies_check(struct ut_supplies *supplies);

void ut_supplies_release(struct ut_supplies *supplies);

#endif
