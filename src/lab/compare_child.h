/* What a child process of compare does: private to src/lab and the program. */
#ifndef UT_COMPARE_CHILD_H
#define UT_COMPARE_CHILD_H

#include "lab/experiment.h"

/*
 * A child writes LINES in its folder: one JSON object a line, flushed where it
 * matters, so that what is there of a child that died is whole but for the last
 * line. A milestone is an epoch of a group that was recorded, or a condition of
 * it that was measured; they are numbered from 0 in the order in which they
 * come, and belong to what led to them since the one before.
 *
 *   {"kind": "device", "name", "platform", "driver", "level", "bit_exact",
 *    "flaw"}
 *   {"kind": "milestone", "phase", "epoch", "measured", "first": replica,
 *    "replicas": [[fingerprint, loss, accuracy], ...]}        numbers are %a
 *   {"kind": "op", "n": from 0, "phase", "epoch", "stage", "step", "at": which
 *    operation of the stage, from 1, "op", "of", "output", "first",
 *    "digests": [a replica each]}       one for each output of an operation
 *   {"kind": "tensor", "type"}          its bytes are in UT_COMPARE_TENSOR
 *   {"kind": "arena", "steps": updates since}     in UT_COMPARE_ARENA + steps
 *   {"kind": "failed", "status", "text"}
 *   {"kind": "done", "seconds", "flop", "accuracy": {condition: mean}}
 */
#define UT_COMPARE_LINES "lines"
#define UT_COMPARE_TENSOR "tensor"
#define UT_COMPARE_ARENA "arena-"

enum ut_compare_work {
	UT_COMPARE_RUN,   /* all of it: milestones */
	UT_COMPARE_TRACE, /* to a milestone: what operations wrote before it */
	UT_COMPARE_DUMP,  /* one of those outputs, and the weights after it */
};

struct ut_compare_task {
	enum ut_compare_work work;
	const char *folder; /* with recipe.ini, and room for the rest */
	const char *device; /* selector */
	uint64_t milestone;
	uint64_t output; /* DUMP: the n of the op */
	size_t replica;  /* DUMP: of all */
};

/*
 * Does it. roots: as ut_dataset_load takes them. Of the observer progress and
 * stop are used. What failed is in the lines, too.
 */
enum ut_status ut_compare_child(const struct ut_compare_task *task,
				const char *const *roots,
				const struct ut_observer *observer,
				struct ut_error *error);

#endif
