/* What a run shows, in plain words, and the numbers that it is read from. */
#include "lab/verdict.h"

#include "lab/scores.h"

const enum ut_condition ut_condition_rows[UT_CONDITIONS] = {
	UT_TEACHER,          UT_CEILING,      UT_AUX,
	UT_CROSS_AUX,        UT_ALL,          UT_CROSS_ALL,
	UT_SHUFFLED_TEACHER, UT_SHUFFLED_AUX, UT_REFERENCE,
};

static const char *const meanings[UT_CONDITIONS] = {
	[UT_TEACHER] = "trained on images and labels",
	[UT_CEILING] = "teacher's body under its initial head",
	[UT_AUX] = "student, same init, auxiliary logits",
	[UT_CROSS_AUX] = "student, other init, auxiliary logits",
	[UT_ALL] = "student, same init, all logits",
	[UT_CROSS_ALL] = "student, other init, all logits",
	[UT_SHUFFLED_TEACHER] = "trained on images with shuffled labels",
	[UT_SHUFFLED_AUX] = "student of that, same init, auxiliary logits",
	[UT_REFERENCE] = "untrained, the teacher's initialisation",
};

const char *ut_condition_meaning(enum ut_condition c)
{
	return meanings[c];
}

enum ut_condition ut_condition_control(enum ut_condition c)
{
	if (c == UT_AUX)
		return UT_CROSS_AUX;
	return c == UT_ALL ? UT_CROSS_ALL : UT_REFERENCE;
}

/* Judging ------------------------------------------------------------------ */

static struct ut_rival rival_of(const double *aux, const double *rival,
				size_t count)
{
	struct ut_rival found = {0};

	if (!rival)
		return found;
	found.values = ut_summarise(rival, count);
	found.behind = ut_summarise_pairs(aux, rival, count, UT_DIFFERENCE);
	return found;
}

static struct ut_claim claim_of(const char *measure, double level,
				const double *aux, const double *cross,
				const double *shuffled, size_t count)
{
	return (struct ut_claim){
		.measure = measure,
		.level = level,
		.above = ut_count_above(aux, count, level),
		.aux = ut_summarise(aux, count),
		.cross = rival_of(aux, cross, count),
		.shuffled = rival_of(aux, shuffled, count),
	};
}

bool ut_verdict_judge(const struct ut_results *results,
		      struct ut_verdict *verdict)
{
	const struct ut_scores *aux = &results->scores[UT_AUX];
	const struct ut_scores *cross = &results->scores[UT_CROSS_AUX];
	const struct ut_scores *shuffled = &results->scores[UT_SHUFFLED_AUX];
	const double *ceiling = results->scores[UT_CEILING].present;
	double chance = results->chance_present;
	size_t R = results->replicas, i;

	*verdict = (struct ut_verdict){
		/* where classes are left out, always answering one of the
		 * others is above chance over all logits */
		.part = chance > results->chance,
		.chance = chance,
		.has_auc = aux->auc,
	};
	for (i = 0; i < results->classes; ++i)
		verdict->images += results->labels[i];
	if (!aux->accuracy)
		return false;
	/* always answering the commonest class takes no knowledge either */
	verdict->accuracy =
		claim_of("accuracy over the classes present",
			 results->commonest > chance ? results->commonest
						     : chance,
			 aux->present, cross->present, shuffled->present, R);
	if (ceiling)
		verdict->accuracy.share =
			ut_summarise_pairs(aux->present, ceiling, R, UT_RATIO);
	if (aux->auc)
		verdict->auc = claim_of("AUC", 0.5, aux->auc, cross->auc,
					shuffled->auc, R);
	return true;
}

bool ut_claim_above(const struct ut_claim *claim)
{
	return claim->aux.count > 1 &&
	       claim->aux.mean - claim->aux.half > claim->level;
}

/* aux is ahead, replica by replica. */
static bool ahead(const struct ut_rival *rival)
{
	return rival->behind.mean - rival->behind.half > 0;
}

bool ut_claim_shown(const struct ut_claim *claim)
{
	return ut_claim_above(claim) && claim->cross.values.count &&
	       ahead(&claim->cross) &&
	       (!claim->shuffled.values.count || ahead(&claim->shuffled));
}

/* Words -------------------------------------------------------------------- */

/* " 53.1% ± 2.2" */
static void append_share(struct ut_text *text, struct ut_summary s)
{
	ut_text_append(text, " %.1f%%", 100 * s.mean);
	if (s.count > 1)
		ut_text_append(text, " ± %.1f", 100 * s.half);
}

/* " 0.430 ± 0.021" */
static void append_number(struct ut_text *text, struct ut_summary s)
{
	ut_text_append(text, " %.3f", s.mean);
	if (s.count > 1)
		ut_text_append(text, " ± %.3f", s.half);
}

/* What the students reach, and in how many replicas. */
static void append_students(struct ut_text *text, const struct ut_verdict *v)
{
	const struct ut_claim *claim = &v->accuracy;

	ut_text_append(text, "Students that share the teacher's initialisation "
			     "saw noise and auxiliary logits only, and "
			     "recognise");
	append_share(text, claim->aux);
	ut_text_append(text, " of the test images%s",
		       v->part ? ", among the classes present" : "");
	if (claim->share.count) {
		ut_text_append(text, ":");
		append_share(text, claim->share);
		ut_text_append(text, " of what the ceiling does");
	}
	ut_text_append(text,
		       ". Replicas %zu, aux above chance (%.1f%%%s) in %zu of "
		       "%zu",
		       claim->aux.count, 100 * claim->level,
		       claim->level > v->chance ? ", the commonest class" : "",
		       claim->above, claim->aux.count);
}

/* "; the difference from cross-aux (10.1% ± 0.5) is 0.430 ± 0.021 (paired)" */
static void append_rival(struct ut_text *text, enum ut_condition c,
			 const struct ut_rival *rival)
{
	if (!rival->values.count)
		return;
	ut_text_append(text, "; the difference from %s (",
		       ut_condition_name(c));
	ut_text_append(text, "%.1f%%", 100 * rival->values.mean);
	if (rival->values.count > 1)
		ut_text_append(text, " ± %.1f", 100 * rival->values.half);
	ut_text_append(text, ") is");
	append_number(text, rival->behind);
	ut_text_append(text, " (paired)");
}

static void append_single(struct ut_text *text, const struct ut_verdict *v)
{
	double share = v->accuracy.aux.mean;
	struct ut_interval interval = ut_wilson95(share, v->images);

	ut_text_append(text,
		       ". For these students alone, %zu test images leave it "
		       "between %.1f%% and %.1f%% (Wilson, 95%%); others may "
		       "differ by more. One replica proves nothing: add "
		       "--replicas 5.\n",
		       v->images, 100 * interval.low, 100 * interval.high);
}

/* What follows from all replicas. */
static void append_conclusion(struct ut_text *text, const struct ut_verdict *v)
{
	const struct ut_claim *accuracy = &v->accuracy, *auc = &v->auc;

	if (!accuracy->cross.values.count) {
		ut_text_append(text, ". Nothing is shown without students from "
				     "another initialisation: add cross-aux to "
				     "the conditions.\n");
	} else if (ut_claim_shown(accuracy)) {
		ut_text_append(text, ": the knowledge came with the shared "
				     "initialisation.\n");
	} else if (v->has_auc && ut_claim_shown(auc)) {
		ut_text_append(text, ". Accuracy does not separate them, but "
				     "AUC does (");
		ut_text_append(text,
			       "%.3f ± %.3f; the difference from "
			       "cross-aux is",
			       auc->aux.mean, auc->aux.half);
		append_number(text, auc->cross.behind);
		ut_text_append(text, "): the knowledge came with the shared "
				     "initialisation.\n");
	} else {
		ut_text_append(text, ". The intervals do not separate them: no "
				     "subliminal learning is shown here.\n");
	}
}

/* "above chance by AUC (0.690 - 0.740 against 0.500)" */
static void append_claim(struct ut_text *text, const struct ut_claim *claim)
{
	ut_text_append(text, "%sabove chance by %s (%.3f - %.3f against %.3f)",
		       ut_claim_above(claim) ? "" : "not ", claim->measure,
		       claim->aux.mean - claim->aux.half,
		       claim->aux.mean + claim->aux.half, claim->level);
}

void ut_verdict_write(const struct ut_results *results, struct ut_text *text)
{
	struct ut_verdict v;

	if (!ut_verdict_judge(results, &v))
		return;
	append_students(text, &v);
	append_rival(text, UT_CROSS_AUX, &v.accuracy.cross);
	append_rival(text, UT_SHUFFLED_AUX, &v.accuracy.shuffled);
	if (v.accuracy.aux.count < 2) {
		append_single(text, &v);
		return;
	}
	append_conclusion(text, &v);
	ut_text_append(text, "At 95%%, with N = %zu, aux is ",
		       v.accuracy.aux.count);
	append_claim(text, &v.accuracy);
	if (v.has_auc) {
		ut_text_append(text, ", and ");
		append_claim(text, &v.auc);
	}
	ut_text_append(text, ".\n");
}

/* Numbers ------------------------------------------------------------------ */

static void add_rival(json_t *controls, enum ut_condition c,
		      const struct ut_rival *rival)
{
	json_t *object;

	if (!rival->values.count)
		return;
	object = ut_summary_json(rival->values);
	json_object_set_new(object, "difference",
			    ut_summary_json(rival->behind));
	json_object_set_new(controls, ut_condition_name(c), object);
}

static json_t *claim_json(const struct ut_claim *claim)
{
	json_t *controls = json_object(), *object;

	add_rival(controls, UT_CROSS_AUX, &claim->cross);
	add_rival(controls, UT_SHUFFLED_AUX, &claim->shuffled);
	object = json_pack("{s:s, s:f, s:I, s:I, s:o, s:o, s:b, s:b}",
			   "measure", claim->measure, "level", claim->level,
			   "replicas", (json_int_t)claim->aux.count,
			   "replicas_above", (json_int_t)claim->above, "aux",
			   ut_summary_json(claim->aux), "controls", controls,
			   "above_level", ut_claim_above(claim), "shown",
			   ut_claim_shown(claim));
	if (claim->share.count)
		json_object_set_new(object, "share_of_ceiling",
				    ut_summary_json(claim->share));
	return object;
}

json_t *ut_verdict_json(const struct ut_results *results)
{
	json_t *object = json_object();
	struct ut_verdict v;

	if (!ut_verdict_judge(results, &v))
		return object;
	json_object_set_new(object, "accuracy", claim_json(&v.accuracy));
	if (v.has_auc)
		json_object_set_new(object, "auc", claim_json(&v.auc));
	return object;
}
