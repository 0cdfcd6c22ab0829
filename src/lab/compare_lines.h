/* What child processes of compare wrote, read and compared. Private to lab. */
#ifndef UT_COMPARE_LINES_H
#define UT_COMPARE_LINES_H

#include <jansson.h>

#include "lab/compare.h"

/*
 * Reads the lines of a folder that are whole, of the kind or, if that is NULL, of
 * any, into an array of objects; release it with json_decref. A folder without
 * lines is UT_MISSING.
 */
enum ut_status ut_compare_read(const char *folder, const char *kind,
			       json_t **lines, struct ut_error *error);

/* The first of the lines with that kind, or NULL. */
const json_t *ut_compare_line(const json_t *lines, const char *kind);

/* The text of a line's member, "" where there is none. */
const char *ut_compare_word(const json_t *line, const char *name);

/* Which milestone of a device comes first that the reference does not share. */
struct ut_compare_milestone {
	uint64_t number; /* of the device's */
	unsigned group;  /* replicas side by side on the device */
};

/*
 * Compares the lines of two runs. False when they share all, fails alike
 * included; else *milestone and the parting's place are set.
 */
bool ut_compare_milestones(const json_t *reference, const json_t *device,
			   struct ut_compare_milestone *milestone,
			   struct ut_parting *parting);

/*
 * Compares the traces in two folders, line by line: sets stage to output and the
 * replica of the first that differs, and *number, its n. UT_MISSING when none
 * does.
 */
enum ut_status ut_compare_traces(const char *reference, const char *device,
				 struct ut_parting *parting, uint64_t *number,
				 struct ut_error *error);

/*
 * Compares the tensors that two folders hold, and the weights after them: sets
 * what is left of the parting.
 */
enum ut_status ut_compare_dumps(const char *reference, const char *device,
				struct ut_parting *parting,
				struct ut_error *error);

#endif
