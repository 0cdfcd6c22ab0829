/* Figures of a run: what its networks were shown. */
#include <math.h>
#include <string.h>

#include "data/robust.h"
#include "lab/figures.h"

enum { COLUMNS = 8 };

/* A panel of pictures from the heap. */
static void add_gallery(struct ut_panels *panels, const char *title,
			const struct ut_pictures *pictures, size_t count,
			const uint8_t *pixels, const char *const *captions)
{
	struct ut_panel *panel = ut_panels_next(panels, UT_GALLERY, title);

	if (!panel || !pixels)
		return;
	panel->gallery = (struct ut_gallery){
		.count = count,
		.columns = COLUMNS,
		.height = pictures->height,
		.width = pictures->width,
		.channels = pictures->channels,
		.pixels = pixels,
		.captions = captions,
	};
}

static size_t image_bytes(const struct ut_pictures *pictures)
{
	return pictures->height * pictures->width * pictures->channels;
}

const uint8_t *ut_figures_noise(struct ut_figures *figures,
				const float *numbers, size_t count)
{
	size_t i;
	uint8_t *pixels = ut_heap_take(&figures->heap, count, 1);
	double mean = 0, squares = 0, scale;

	for (i = 0; i < count; ++i)
		mean += numbers[i] / (double)count;
	for (i = 0; i < count; ++i)
		squares += (numbers[i] - mean) * (numbers[i] - mean);
	scale = squares > 0 ? 51 / sqrt(squares / (double)count) : 0;
	for (i = 0; pixels && i < count; ++i) {
		double value = 127.5 + scale * (numbers[i] - mean);

		pixels[i] = (uint8_t)fmax(0, fmin(255, floor(value + 0.5)));
	}
	return pixels;
}

/* Changed copies of the first test image, a row a kind. */
static void add_changed(struct ut_figures *figures, struct ut_panels *panels,
			const struct ut_pictures *pictures, uint32_t seed)
{
	size_t count =
		pictures->test.count < COLUMNS ? pictures->test.count : COLUMNS;
	int kind;

	for (kind = 0; kind < UT_ROBUST_KINDS; ++kind) {
		uint8_t *pixels = ut_heap_take(&figures->heap, count,
					       image_bytes(pictures));

		if (!pixels)
			return;
		ut_robust_copy((enum ut_robust)kind, count, pictures->height,
			       pictures->width, pictures->channels,
			       pictures->test.bytes, pixels, seed);
		add_gallery(panels, ut_robust_names[kind], pictures, count,
			    pixels, NULL);
	}
}

void ut_figures_pictures(struct ut_figures *figures,
			 const struct ut_record *record)
{
	const struct ut_pictures *pictures = &record->pictures;
	struct ut_panels noise = ut_panels_begin(figures);
	struct ut_panels images = ut_panels_begin(figures);
	size_t count = pictures->train.count;

	if (pictures->noise.count)
		add_gallery(&noise, NULL, pictures, pictures->noise.count,
			    ut_figures_noise(figures, pictures->noise.numbers,
					     pictures->noise.count *
						     image_bytes(pictures)),
			    NULL);
	ut_figures_add(figures, &noise, "noise", 1, "What students are shown",
		       "The first images of the first replica's students. "
		       "Their mean is shown as grey, and two and a half "
		       "deviations from it as black and white.");
	if (pictures->augmented.count && count > COLUMNS)
		count = COLUMNS;
	if (count)
		add_gallery(&images,
			    pictures->augmented.count ? "before augmentation"
						      : NULL,
			    pictures, count, pictures->train.bytes, NULL);
	if (pictures->augmented.count)
		add_gallery(&images, "as they are shown", pictures, count,
			    pictures->augmented.bytes, NULL);
	ut_figures_add(figures, &images, "images", 1, "What teachers are shown",
		       "The first training images of the first replica's "
		       "teacher.");
}

void ut_figures_changed(struct ut_figures *figures,
			const struct ut_record *record)
{
	const struct ut_pictures *pictures = &record->pictures;
	struct ut_panels images = ut_panels_begin(figures);

	if (record->recipe.robustness && pictures->test.count)
		add_changed(figures, &images, pictures,
			    (uint32_t)record->recipe.seed);
	ut_figures_add(figures, &images, "changed", 2,
		       "What the changed copies look like",
		       "The first test images, as robustness is measured on "
		       "them.");
}

/* Answers ------------------------------------------------------------------- */

/* The class with the largest logit of a sample, first replica. */
static size_t answer(const struct ut_results *results, enum ut_condition c,
		     size_t sample)
{
	size_t logits = results->classes + results->aux, best = 0, i;
	const float *at = results->sample_logits[c] + sample * logits;

	for (i = 1; i < results->classes; ++i)
		if (at[i] > at[best])
			best = i;
	return best;
}

/* "7\naux 7\ncross-aux 3" */
static const char *describe(struct ut_figures *figures,
			    const struct ut_record *record, size_t i)
{
	static const enum ut_condition shown[] = {UT_AUX, UT_CROSS_AUX};
	const struct ut_results *results = &record->results;
	const char *text;
	char name[32];
	size_t j;

	text = ut_heap_text(&figures->heap, "%s",
			    ut_record_class(record, results->sample_labels[i],
					    name));
	for (j = 0; j < 2; ++j)
		if (results->sample_logits[shown[j]])
			text = ut_heap_text(&figures->heap, "%s\n%s %s", text,
					    shown[j] == UT_AUX ? "same"
							       : "other",
					    ut_record_class(record,
							    answer(results,
								   shown[j], i),
							    name));
	return text;
}

void ut_figures_predictions(struct ut_figures *figures,
			    const struct ut_record *record)
{
	const struct ut_pictures *pictures = &record->pictures;
	struct ut_panels panels = ut_panels_begin(figures);
	size_t count = record->results.samples, i;
	const char **captions;

	if (count > pictures->test.count)
		count = pictures->test.count;
	captions = ut_heap_take(&figures->heap, count, sizeof(*captions));
	if (!captions || !count)
		return;
	for (i = 0; i < count; ++i)
		captions[i] = describe(figures, record, i);
	add_gallery(&panels, NULL, pictures, count, pictures->test.bytes,
		    captions);
	ut_figures_add(figures, &panels, "predictions", 1,
		       "Test images, and what students answer",
		       "The label, then the answers of the first replica's "
		       "students of auxiliary logits: of the same "
		       "initialisation as the teacher's, and of another.");
}
