/* What a run shows, in plain words, and the numbers that it is read from. */
#ifndef UT_VERDICT_H
#define UT_VERDICT_H

#include <jansson.h>

#include "base/text.h"
#include "lab/results.h"
#include "report/statistics.h"

/* A control of the aux students; count is 0 where it was not measured. */
struct ut_rival {
	struct ut_summary values;
	struct ut_summary behind; /* aux less this one, replica by replica */
};

/* The aux students under one measure, beside what knows nothing. */
struct ut_claim {
	const char *measure; /* for people */
	double level;        /* what knowing nothing reaches */
	size_t above;        /* replicas above it */
	struct ut_summary aux;
	struct ut_summary share; /* of the ceiling's; count 0: none */
	struct ut_rival cross, shuffled;
};

struct ut_verdict {
	bool part; /* of the classes is present */
	bool has_auc;
	size_t images;            /* test images */
	double chance;            /* among the classes present */
	struct ut_claim accuracy; /* over the classes present */
	struct ut_claim auc;      /* where has_auc */
};

/* False where the results have no aux students: there is nothing to judge. */
bool ut_verdict_judge(const struct ut_results *results,
		      struct ut_verdict *verdict);

/* The mean and its interval are above the level; false of one replica. */
bool ut_claim_above(const struct ut_claim *claim);

/*
 * The same, and above every control that was measured, cross-aux among them:
 * the interval of the paired differences is above 0.
 */
bool ut_claim_shown(const struct ut_claim *claim);

/*
 * Appends the verdict: a line for each paragraph, of any length. Nothing where
 * there is nothing to judge.
 */
void ut_verdict_write(const struct ut_results *results, struct ut_text *text);

/* The numbers of the judgement, or an empty object. */
json_t *ut_verdict_json(const struct ut_results *results);

/*
 * Condition c's control, of the same replica: what it is compared with. The
 * reference has none: itself.
 */
enum ut_condition ut_condition_control(enum ut_condition c);

/* The conditions as people read them: teacher first, controls beside. */
extern const enum ut_condition ut_condition_rows[UT_CONDITIONS];

/* What a condition is, in a few words. */
const char *ut_condition_meaning(enum ut_condition c);

#endif
