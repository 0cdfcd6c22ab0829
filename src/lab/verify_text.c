/* What became of a verification: its verdict, and as JSON. */
#include "lab/json_file.h"
#include "lab/verify.h"

bool ut_verification_exact(const struct ut_verification *verification)
{
	return verification->exact_there && verification->exact_here;
}

bool ut_verification_good(const struct ut_verification *verification)
{
	bool exact = ut_verification_exact(verification), good = true;
	int c;

	if (exact && verification->parted)
		return false;
	for (c = 0; c < UT_CONDITIONS; ++c) {
		const struct ut_verified_accuracy *accuracy =
			&verification->accuracies[c];

		if (accuracy->compared)
			good &= exact ? accuracy->same : accuracy->near;
	}
	return good;
}

static json_t *accuracies_json(const struct ut_verification *v)
{
	json_t *object = json_object();
	int c;

	for (c = 0; c < UT_CONDITIONS; ++c) {
		const struct ut_verified_accuracy *accuracy = &v->accuracies[c];

		if (accuracy->compared)
			json_object_set_new(object, ut_condition_name(c),
					    json_pack("{s:f, s:f, s:b, s:b}",
						      "recorded",
						      accuracy->recorded,
						      "here", accuracy->here,
						      "same", accuracy->same,
						      "near", accuracy->near));
	}
	return object;
}

bool ut_verification_json(const struct ut_verification *v, struct ut_text *text)
{
	json_t *object =
		json_pack("{s:s, s:b, s:b, s:s, s:s, s:I, s:I, s:I, s:o}",
			  "recipe", v->recipe.name, "verified",
			  ut_verification_good(v), "bit_exact",
			  ut_verification_exact(v), "there", v->there, "here",
			  v->here, "fingerprints", (json_int_t)v->all,
			  "checked", (json_int_t)v->checked, "same",
			  (json_int_t)v->same, "accuracies",
			  accuracies_json(v));

	if (v->parted)
		json_object_set_new(object, "parting",
				    json_pack("{s:s, s:I}", "phase",
					      ut_condition_name(v->phase),
					      "epoch", (json_int_t)v->epoch));
	if (v->unchecked.length)
		json_object_set_new(object, "unchecked",
				    json_string(ut_text_string(&v->unchecked)));
	if (*v->flaws)
		json_object_set_new(object, "flaws", json_string(v->flaws));
	return ut_json_append(object, text);
}
