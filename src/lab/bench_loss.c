/* Benchmarks of losses, optimisers and evaluation. */
#include "lab/bench_room.h"

/* Losses: 10 of 16 columns --------------------------------------------------- */

enum { COLUMNS = 16, CLASSES = 10 };

static struct ut_loss loss_of(const struct ut_room *r)
{
	size_t B = r->n / COLUMNS;

	return (struct ut_loss){
		.R = 1,
		.B = B,
		.C = COLUMNS,
		.first = 0,
		.count = CLASSES,
		.logits = r->a,
		.gradient = r->d,
		.loss = ut_slice_part(r->c, 0, B),
	};
}

static void cross_entropy(void *context)
{
	const struct ut_room *r = context;
	struct ut_loss loss = loss_of(r);

	ut_cross_entropy(r->device, &loss, r->words);
}

static void distil(void *context)
{
	const struct ut_room *r = context;

	ut_distil(r->device,
		  &(struct ut_distil){
			  .loss = loss_of(r),
			  .kind = (enum ut_distillation)r->kind,
			  .teacher = r->b,
			  .moments = ut_slice_part(r->b, 0, 2 * CLASSES),
			  .labels = r->words,
			  .temperature = 2,
			  .alpha = 0.5,
		  });
}

static void moments(void *context)
{
	const struct ut_room *r = context;

	ut_moments(r->device, 1, r->n / COLUMNS, COLUMNS, 0, CLASSES, r->a,
		   ut_slice_part(r->d, 0, 2 * CLASSES));
}

static void mean(void *context)
{
	const struct ut_room *r = context;

	ut_mean(r->device, 1, r->a, ut_slice_part(r->d, 0, 1));
}

enum ut_status ut_bench_loss(struct ut_bench *bench)
{
	/* flop: for a column, of docs/ARITHMETIC.md's formulas. */
	static const struct {
		const char *name;
		enum ut_distillation kind;
		double flop;
	} kinds[] = {
		{"kl", UT_KL, 16},
		{"reverse kl", UT_REVERSE_KL, 18},
		{"js", UT_JS, 22},
		{"mse", UT_MSE, 4},
		{"mse, normalised", UT_MSE_NORM, 6},
		{"cosine", UT_COSINE_DISTANCE, 13},
		{"kd", UT_KD, 24},
	};
	struct ut_room room;
	double rows, used;
	size_t i;

	ut_room_open(&room, bench, "loss");
	rows = (double)(room.n / COLUMNS);
	used = CLASSES * rows;
	/* labels */
	if (!room.status)
		ut_fill_u32(room.device, 1, room.words, 3);
	ut_room_row(&room, "cross-entropy", cross_entropy, 6 * used,
		    4 * (used + COLUMNS * rows + 2 * rows));
	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); ++i) {
		room.kind = kinds[i].kind;
		ut_room_row(&room, kinds[i].name, distil, kinds[i].flop * used,
			    4 * (2 * used + COLUMNS * rows +
				 (room.kind == UT_KD ? 2 : 1) * rows));
	}
	ut_room_row(&room, "moments", moments, 4 * used, 4 * 2 * used);
	ut_room_row(&room, "mean", mean, (double)room.n, 4 * (double)room.n);
	return ut_room_close(&room);
}

/* Optimisers --------------------------------------------------------------- */

static void update(void *context)
{
	const struct ut_room *r = context;
	struct ut_update update =
		ut_update_at((enum ut_optimiser)r->kind, 1e-3, 0.9, 0.999, 0.9,
			     0.999, 1e-8, 0.01);
	struct ut_slice none = {0};

	ut_optimise(r->device, 1, &update, r->a, r->b, r->c,
		    r->kind == UT_SGD ? none : r->d);
}

enum ut_status ut_bench_update(struct ut_bench *bench)
{
	struct ut_room room;
	double n;

	ut_room_open(&room, bench, "update");
	n = (double)room.n;
	room.kind = UT_SGD;
	ut_room_row(&room, "sgd", update, 4 * n, 4 * 5 * n);
	room.kind = UT_ADAM;
	ut_room_row(&room, "adam", update, 14 * n, 4 * 7 * n);
	room.kind = UT_ADAMW;
	ut_room_row(&room, "adamw", update, 15 * n, 4 * 7 * n);
	return ut_room_close(&room);
}

/* Evaluation --------------------------------------------------------------- */

static void argmax(void *context)
{
	const struct ut_room *r = context;

	ut_argmax(r->device, 1, r->n / COLUMNS, COLUMNS, 0, CLASSES, r->a,
		  r->words);
}

static void count_equal(void *context)
{
	const struct ut_room *r = context;
	size_t half = r->words.count / 2;

	ut_count_equal(r->device, 1, ut_slice_part(r->words, 0, half - 1),
		       ut_slice_part(r->words, half, half - 1),
		       ut_slice_part(r->words, half - 1, 1));
}

static void check_finite(void *context)
{
	const struct ut_room *r = context;

	ut_check_finite(r->device, 1, r->a, ut_slice_part(r->words, 0, 1));
}

enum ut_status ut_bench_look(struct ut_bench *bench)
{
	struct ut_room room;
	double n;

	ut_room_open(&room, bench, "look");
	n = (double)room.n;
	ut_room_row(&room, "argmax", argmax, 0,
		    4 * (n * CLASSES / COLUMNS + n / 16));
	ut_room_row(&room, "equal", count_equal, 0, 4 * n / 16);
	ut_room_row(&room, "finite", check_finite, 0, 4 * n);
	return ut_room_close(&room);
}
