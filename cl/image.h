/*
 * Images turned, moved, enlarged and lit in whole numbers (docs/ARITHMETIC.md,
 * Augmentation). Compiled both as C and as OpenCL C.
 */
#ifndef UT_IMAGE_H
#define UT_IMAGE_H

#include "philox.h"

#ifdef __OPENCL_VERSION__
#define UT_PIXELS __global const uchar *
#define ut_long long
#else
#define UT_PIXELS const uint8_t *
#define ut_long int64_t
#endif

/* Bits after the point of a map's matrix, and of a place in an image. */
enum { UT_MAP_BITS = 16, UT_PLACE_BITS = 8 };

/*
 * Where an image's pixels come from: with (x, y) a pixel's distance from the
 * centre, flipped, less the shift, the source is (cos x + sin y, cos y - sin x)
 * from the centre. light is in 1/256.
 */
struct ut_image_map {
	int cos, sin;     /* 16.16 */
	int down, across; /* the shift, pixels */
	uint flip;        /* 0 or 1 */
	uint light;       /* 256: as it is */
};

/* A place: pixels with UT_PLACE_BITS bits after the point. */
struct ut_image_place {
	int y, x;
};

/* A number of magnitude at most 1 in 16.16, rounded to nearest. */
UT_FUNCTION int ut_image_fixed(float x)
{
	float scaled = x * 65536.0f;
	float moved = scaled + (x < 0.0f ? -0.5f : 0.5f);

	return (int)moved;
}

/* A turn of angle 2^-32 of a full one, and nothing else. */
UT_FUNCTION struct ut_image_map ut_image_turn(uint angle)
{
	struct ut_image_map map = {0, 0, 0, 0, 0, 256};

	map.cos = ut_image_fixed(ut_sine_of_turn(angle, 1u));
	map.sin = ut_image_fixed(ut_sine_of_turn(angle, 0u));
	return map;
}

/* A whole number of -most ... most, by the high half of a product. */
UT_FUNCTION int ut_image_between(uint word, uint most)
{
	return (int)(ut_mul_hi(word, 2u * most + 1u) - most);
}

/* The choices of a row of the generator: a word for each, used or not. */
UT_FUNCTION struct ut_image_map ut_image_choose(uint turn, uint shift,
						uint flip, uint brightness,
						uint row, uint replica,
						uint stream, uint seed,
						uint purpose)
{
	struct ut_words first =
		ut_philox(0, row, replica, stream, seed, purpose);
	struct ut_words second =
		ut_philox(1, row, replica, stream, seed, purpose);
	struct ut_image_map map =
		ut_image_turn((uint)ut_image_between(first.w[0], turn));

	map.down = ut_image_between(first.w[1], shift);
	map.across = ut_image_between(first.w[2], shift);
	map.flip = flip & first.w[3] >> 31;
	map.light = (uint)(256 + ut_image_between(second.w[0], brightness));
	return map;
}

/* Not turned: pixels are moved and flipped, and none lies between two. */
UT_FUNCTION uint ut_image_is_straight(struct ut_image_map map)
{
	return map.cos == 1 << UT_MAP_BITS && map.sin == 0;
}

/*
 * Where pixel (h, w) of H x W comes from, to the nearest 2^-8. Distances are
 * counted twice, so that the centre is a whole number. With sides and shifts
 * below 2^15 the products are below 2^34, and their sums take 64 bits.
 */
UT_FUNCTION struct ut_image_place ut_image_place(struct ut_image_map map, int h,
						 int w, int H, int W)
{
	int column = map.flip ? W - 1 - w : w;
	int y = 2 * (h - map.down) - (H - 1);
	int x = 2 * (column - map.across) - (W - 1);
	ut_long up = (ut_long)map.cos * y - (ut_long)map.sin * x;
	ut_long along = (ut_long)map.cos * x + (ut_long)map.sin * y;
	struct ut_image_place place;

	up += (ut_long)(H - 1) << UT_MAP_BITS;
	along += (ut_long)(W - 1) << UT_MAP_BITS;
	place.y = (int)((up + 256) >> 9);
	place.x = (int)((along + 256) >> 9);
	return place;
}

/* Channel c of the pixel (h, w), 0 outside of the image. */
UT_FUNCTION uint ut_image_pixel(UT_PIXELS image, int h, int w, int H, int W,
				uint C, uint c)
{
	if (h < 0 || h >= H || w < 0 || w >= W)
		return 0;
	return image[((ulong)h * (uint)W + (uint)w) * C + c];
}

/* p light / 256, rounded half up, at most 255. */
UT_FUNCTION uint ut_image_lit(uint p, uint light)
{
	uint lit = (p * light + 128u) >> 8;

	return lit > 255u ? 255u : lit;
}

/* Channel c at a place: bilinear, weights of 8 bits, rounded half up. */
UT_FUNCTION uint ut_image_sample(UT_PIXELS image, struct ut_image_place place,
				 int H, int W, uint C, uint c)
{
	int h = place.y >> UT_PLACE_BITS, w = place.x >> UT_PLACE_BITS;
	uint down = (uint)place.y & 255u, across = (uint)place.x & 255u;
	uint upper = ut_image_pixel(image, h, w, H, W, C, c) * (256u - across) +
		     ut_image_pixel(image, h, w + 1, H, W, C, c) * across;
	uint lower =
		ut_image_pixel(image, h + 1, w, H, W, C, c) * (256u - across) +
		ut_image_pixel(image, h + 1, w + 1, H, W, C, c) * across;

	return (upper * (256u - down) + lower * down + 32768u) >> 16;
}

#endif
