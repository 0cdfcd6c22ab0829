/* What came of a comparison, in words and as JSON. */
#include <math.h>
#include <string.h>

#include "lab/compare.h"
#include "lab/json_file.h"

void ut_parting_place(const struct ut_parting *parting, struct ut_text *text)
{
	unsigned long long epoch = parting->epoch, step = parting->step;

	ut_text_append(text, "%s, ", ut_condition_name(parting->phase));
	if (parting->measured || !strcmp(parting->stage, "measure"))
		ut_text_append(text, "when it was measured");
	else if (!epoch)
		ut_text_append(text, "before its training");
	else
		ut_text_append(text, "epoch %llu", epoch);
	if (step)
		ut_text_append(text, ", step %llu", step);
	else if (!strcmp(parting->stage, "look"))
		ut_text_append(text, ", after its last step");
	else if (epoch && !parting->measured &&
		 !strcmp(parting->stage, "prepare"))
		ut_text_append(text, ", before its first step");
	ut_text_append(text, ", replica %zu", parting->replica);
}

void ut_parting_operation(const struct ut_parting *parting,
			  struct ut_text *text)
{
	if (!parting->traced)
		return;
	ut_text_append(text, "%s of %s", parting->output, parting->op);
	if (*parting->of)
		ut_text_append(text, " of %s", parting->of);
}

static json_t *value_json(const struct ut_compare_value *value)
{
	/* JSON has no NaN */
	return json_pack("{s:s, s:o}", "bits", value->bits, "number",
			 isfinite(value->number) ? json_real(value->number)
						 : json_null());
}

static json_t *points_json(const struct ut_parting *parting)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < parting->point_count; ++i) {
		const struct ut_compare_point *point = &parting->points[i];

		json_array_append_new(
			array,
			json_pack("{s:I, s:o, s:o}", "updates",
				  (json_int_t)point->updates, "rms",
				  isfinite(point->rms) ? json_real(point->rms)
						       : json_null(),
				  "max",
				  isfinite(point->max) ? json_real(point->max)
						       : json_null()));
	}
	return array;
}

static json_t *parting_json(const struct ut_parting *parting)
{
	json_t *object =
		json_pack("{s:s, s:I, s:b, s:I, s:s}", "phase",
			  ut_condition_name(parting->phase), "epoch",
			  (json_int_t)parting->epoch, "measured",
			  parting->measured, "replica",
			  (json_int_t)parting->replica, "what", parting->what);

	if (parting->traced)
		json_object_update_new(
			object,
			json_pack("{s:s, s:I, s:I, s:s, s:s, s:s}", "stage",
				  parting->stage, "step",
				  (json_int_t)parting->step, "operation",
				  (json_int_t)parting->at, "op", parting->op,
				  "layer", parting->of, "tensor",
				  parting->output));
	if (parting->dumped)
		json_object_update_new(
			object,
			json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:[o, o], "
				  "s:o}",
				  "type", parting->type, "elements",
				  (json_int_t)parting->elements, "differing",
				  (json_int_t)parting->differing, "element",
				  (json_int_t)parting->element, "ulp",
				  (json_int_t)parting->ulp, "not_numbers",
				  (json_int_t)parting->not_numbers, "values",
				  value_json(&parting->values[0]),
				  value_json(&parting->values[1]), "growth",
				  points_json(parting)));
	if (*parting->note)
		json_object_set_new(object, "note", json_string(parting->note));
	return object;
}

static json_t *row_json(const struct ut_compare_row *row)
{
	static const char *const verdicts[] = {
		[UT_COMPARE_NOT_RUN] = "not run",
		[UT_COMPARE_REFERENCE] = "reference",
		[UT_COMPARE_SAME] = "same",
		[UT_COMPARE_PARTED] = "parted",
		[UT_COMPARE_FAILED] = "failed",
	};
	json_t *accuracy = json_object();
	json_t *object =
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "device",
			  row->selector, "verdict", verdicts[row->verdict],
			  "name", row->name, "platform", row->platform,
			  "driver", row->driver, "level", row->level,
			  "bit_exact", row->bit_exact);
	int c;

	if (*row->flaw)
		json_object_set_new(object, "flaw", json_string(row->flaw));
	if (*row->words)
		json_object_set_new(object, "words", json_string(row->words));
	for (c = 0; c < UT_CONDITIONS && row->finished; ++c)
		if (row->accuracy[c] >= 0)
			json_object_set_new(accuracy, ut_condition_name(c),
					    json_real(row->accuracy[c]));
	if (row->finished)
		json_object_update_new(
			object,
			json_pack("{s:f, s:f, s:O}", "seconds", row->seconds,
				  "flop_per_second",
				  row->seconds > 0 ? row->flop / row->seconds
						   : 0,
				  "accuracy", accuracy));
	json_decref(accuracy);
	if (row->parting.placed)
		json_object_set_new(object, "parting",
				    parting_json(&row->parting));
	return object;
}

bool ut_compare_json(const struct ut_compare *compare, struct ut_text *text)
{
	json_t *rows = json_array(), *object;
	size_t i;

	for (i = 0; i < compare->count; ++i)
		json_array_append_new(rows, row_json(&compare->rows[i]));
	object = json_pack("{s:s, s:b, s:o}", "recipe", compare->recipe->name,
			   "same", ut_compare_same(compare), "devices", rows);
	return ut_json_append(object, text);
}
