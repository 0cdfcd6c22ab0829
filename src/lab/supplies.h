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

/* Devices and data that stay for the next run. All zero: none yet. */
struct ut_supplies {
	struct ut_device **devices; /* (device_count) */
	size_t device_count;
	char *selector; /* what they were opened by, or NULL */
	bool listed;    /* that names several */
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

/*
 * The same of selectors with commas between. UT_INVALID when two of them name
 * the same device.
 */
enum ut_status ut_supplies_devices(struct ut_supplies *supplies,
				   const char *selectors,
				   struct ut_error *error);

/* Closes the devices if one has failed: no work is done on it any more. */
void ut_supplies_check(struct ut_supplies *supplies);

void ut_supplies_release(struct ut_supplies *supplies);

#endif
