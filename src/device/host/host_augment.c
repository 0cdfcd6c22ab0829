/* Augmentation: images turned, moved, flipped and lit, in whole numbers. */
#include <string.h>

#include "image.h"
#include "level.h"

struct shape {
	int H, W;
	uint32_t C;
};

/* A row that is moved and flipped only: what comes in from outside is 0. */
static void move_row(struct ut_image_map map, struct shape s,
		     const uint8_t *from, uint8_t *to)
{
	/* output columns [first, last) read source column start, start + 1 ... */
	int first = map.flip ? -map.across : map.across;
	int last = s.W + first, w;
	const size_t C = s.C;

	first = first < 0 ? 0 : first < s.W ? first : s.W;
	last = last < first ? first : last < s.W ? last : s.W;
	memset(to, 0, (size_t)first * C);
	memset(to + (size_t)last * C, 0, (size_t)(s.W - last) * C);
	if (!map.flip) {
		memcpy(to + (size_t)first * C,
		       from + (size_t)(first - map.across) * C,
		       (size_t)(last - first) * C);
		return;
	}
	for (w = first; w < last; ++w)
		memcpy(to + (size_t)w * C,
		       from + (size_t)(s.W - 1 - w - map.across) * C, C);
}

static void move(struct ut_image_map map, struct shape s, const uint8_t *from,
		 uint8_t *to)
{
	const size_t bytes = (size_t)s.W * s.C;
	int h;

	for (h = 0; h < s.H; ++h, to += bytes) {
		int row = h - map.down;

		if (row < 0 || row >= s.H)
			memset(to, 0, bytes);
		else
			move_row(map, s, from + (size_t)row * bytes, to);
	}
}

static void turn(struct ut_image_map map, struct shape s, const uint8_t *from,
		 uint8_t *to)
{
	uint32_t c;
	int h, w;

	for (h = 0; h < s.H; ++h)
		for (w = 0; w < s.W; ++w) {
			struct ut_image_place place =
				ut_image_place(map, h, w, s.H, s.W);

			for (c = 0; c < s.C; ++c)
				*to++ = (uint8_t)ut_image_sample(from, place,
								 s.H, s.W, s.C,
								 c);
		}
}

static void augment(const struct ut_augment *op, const uint8_t *from,
		    struct ut_image_map map, uint8_t *to)
{
	struct shape s = {(int)op->H, (int)op->W, (uint32_t)op->C};
	size_t bytes = op->H * op->W * op->C, i;

	if (ut_image_is_straight(map))
		move(map, s, from, to);
	else
		turn(map, s, from, to);
	if (map.light != 256)
		for (i = 0; i < bytes; ++i)
			to[i] = (uint8_t)ut_image_lit(to[i], map.light);
}

void UT_HOST(augment)(struct ut_device *device, const struct ut_augment *op)
{
	size_t bytes = op->H * op->W * op->C, rows = op->R * op->B, i;
	bool small = rows * bytes < UT_HOST_PIECE;

#pragma omp parallel for schedule(dynamic, 1) \
	num_threads(ut_host_of(device)->threads) if (!small)
	for (i = 0; i < rows; ++i) {
		size_t r = i / op->B, b = i % op->B;
		uint32_t id = ut_host_u32(op->ids, r)[b];
		uint8_t *to = ut_host_u8(op->to, r) + b * bytes;

		if (id >= op->N)
			memset(to, 0, bytes);
		else
			augment(op, ut_host_u8(op->images, r) + id * bytes,
				ut_image_choose(op->turn, op->shift, op->flip,
						op->brightness,
						op->first_row + (uint32_t)b,
						op->rng.replica + (uint32_t)r,
						op->rng.stream, op->rng.seed,
						op->rng.purpose),
				to);
	}
}
