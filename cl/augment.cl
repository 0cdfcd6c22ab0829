/*
 * Copies of images changed at random, in whole numbers.
 * Host twin: src/device/host/host_augment.c.
 */
#include "image.h"
#include "shape.h"

/*
 * Row b is image ids[b] as row first_row + b of the generator turns, moves,
 * flips and lights it; 0 for an id past N. images u8 (N, H, W, C), ids u32 (B),
 * to u8 (B, H, W, C). Launch: (H W, B, R).
 */
UT_KERNEL void augment_images(UT_IN(uchar, images), UT_IN(uint, ids),
			      UT_OUT(uchar, to), uint B, uint N, uint H,
			      uint W, uint C, uint turn, uint shift, uint flip,
			      uint brightness, uint first_row, uint replica,
			      uint stream, uint seed, uint purpose)
{
	uint b = get_global_id(1), r = get_global_id(2), pixels = H * W;
	uint id;
	struct ut_image_map map;

	if (b >= B)
		return;
	id = UT_PART(ids, r)[b];
	to = UT_PART(to, r) + (ulong)b * pixels * C;
	if (id >= N) {
		UT_FOR(pixel, pixels)
			for (uint c = 0; c < C; ++c)
				to[pixel * C + c] = 0;
		return;
	}
	images = UT_PART(images, r) + (ulong)id * pixels * C;
	map = ut_image_choose(turn, shift, flip, brightness, first_row + b,
			      replica + r, stream, seed, purpose);
	UT_FOR(pixel, pixels) {
		int h = (int)((uint)pixel / W);
		int w = (int)((uint)pixel - (uint)h * W);
		struct ut_image_place place =
			ut_image_place(map, h, w, (int)H, (int)W);

		for (uint c = 0; c < C; ++c)
			to[pixel * C + c] = (uchar)ut_image_lit(
				ut_image_sample(images, place, (int)H, (int)W,
						C, c),
				map.light);
	}
}
