/* Harder copies of test images. Integers only. */
#include "data/robust.h"

#include <assert.h>
#include <stdbool.h>

#include "image.h"

/* "busy": the generator's purpose */
#define PURPOSE_BUSY 0x62757379u

enum {
	BLOCKS = 8,   /* along the longer side of an image */
	LIGHT = 64,   /* low light, in 1/256 */
	KEPT = 49152, /* what is cropped to, 16.16 */
};

/* 30 degrees, in 2^-32 of a full turn */
#define ROTATION 357913941u

const char *const ut_robust_names[] = {
	"rotated", "cropped", "low-light", "busy-background", NULL,
};

struct shape {
	size_t H, W, C;
};

static void warp(struct ut_image_map map, struct shape s, const uint8_t *from,
		 uint8_t *to)
{
	int H = (int)s.H, W = (int)s.W, h, w;
	uint32_t C = (uint32_t)s.C, c;

	for (h = 0; h < H; ++h)
		for (w = 0; w < W; ++w) {
			struct ut_image_place place =
				ut_image_place(map, h, w, H, W);

			for (c = 0; c < C; ++c)
				*to++ = (uint8_t)ut_image_sample(from, place, H,
								 W, C, c);
		}
}

static void darken(size_t bytes, const uint8_t *from, uint8_t *to)
{
	size_t i;

	for (i = 0; i < bytes; ++i)
		to[i] = (uint8_t)ut_image_lit(from[i], LIGHT);
}

/* Element `element` of the image's row of the generator. */
static uint32_t word_of(uint32_t seed, uint32_t image, uint32_t element)
{
	struct ut_words words =
		ut_philox(element / 4, image, 0, 0, seed, PURPOSE_BUSY);

	return words.w[element % 4];
}

/* The shade of a block shows behind a grey pixel, or through one of colour. */
static uint8_t before_block(uint8_t pixel, uint32_t word, bool grey)
{
	uint8_t shade = (uint8_t)(word >> 25);

	if (grey)
		return pixel > shade ? pixel : shade;
	return (uint8_t)((3u * pixel + (word >> 24) + 2u) / 4u);
}

static void make_busy(struct shape s, uint32_t seed, uint32_t image,
		      const uint8_t *from, uint8_t *to)
{
	size_t longer = s.H > s.W ? s.H : s.W;
	size_t block = (longer + BLOCKS - 1) / BLOCKS;
	size_t h, w, c;

	for (h = 0; h < s.H; ++h)
		for (w = 0; w < s.W; ++w)
			for (c = 0; c < s.C; ++c) {
				size_t number = h / block * BLOCKS + w / block;
				uint32_t word =
					word_of(seed, image,
						(uint32_t)(number * s.C + c));

				*to++ = before_block(*from++, word, s.C == 1);
			}
}

void ut_robust_copy(enum ut_robust kind, size_t count, size_t H, size_t W,
		    size_t C, const uint8_t *from, uint8_t *to, uint32_t seed)
{
	struct shape shape = {H, W, C};
	struct ut_image_map turned = ut_image_turn(ROTATION);
	struct ut_image_map cropped = {.cos = KEPT, .light = 256};
	size_t bytes = H * W * C, i;

	assert(H < 1 << 15 && W < 1 << 15);
	for (i = 0; i < count; ++i, from += bytes, to += bytes)
		switch (kind) {
		case UT_ROBUST_ROTATED:
			warp(turned, shape, from, to);
			break;
		case UT_ROBUST_CROPPED:
			warp(cropped, shape, from, to);
			break;
		case UT_ROBUST_LOW_LIGHT:
			darken(bytes, from, to);
			break;
		case UT_ROBUST_BUSY:
			make_busy(shape, seed, (uint32_t)i, from, to);
			break;
		case UT_ROBUST_KINDS:
			assert(!"a kind of copy");
			break;
		}
}
