/* Problems of linear layers, and the operations that solve them on a device. */
#include "linear.h"

#include <stdio.h>

static size_t odd(struct test_random *random, size_t high)
{
	return test_between(random, 0, (high - 1) / 2) * 2 + 1;
}

struct reference_shape linear_draw_shape(struct test_random *random,
					 unsigned number)
{
	switch (number % 4) {
	case 0:
		return (struct reference_shape){odd(random, 70),
						odd(random, 70),
						odd(random, 70)};
	case 1:
		return (struct reference_shape){16 * test_between(random, 1, 4),
						16 * test_between(random, 1, 4),
						16 * test_between(random, 1,
								  4)};
	case 2:
		return (struct reference_shape){test_between(random, 255, 530),
						odd(random, 20),
						test_between(random, 1, 18)};
	default:
		return (struct reference_shape){test_between(random, 1, 9),
						test_between(random, 1, 3),
						test_between(random, 1, 35)};
	}
}

struct linear_problem linear_problem_new(struct test_random *random, unsigned R,
					 struct reference_shape s)
{
	struct linear_problem p = {
		.R = R,
		.shape = s,
		.relu = test_word(random) & 1,
		.bias = test_word(random) & 3,
		.gated = test_word(random) & 1,
		.scale = 1.25f,
		.x = test_operand_f32(random, R, s.B * s.D,
				      test_word(random) & 1),
		.w = test_operand_f32(random, R, s.D * s.O, false),
		.b = test_operand_f32(random, R, s.O, false),
		.dy = test_operand_f32(random, R, s.B * s.O, false),
		.gate = test_operand_f32(random, R, s.B * s.D, false),
		.y = test_operand_f32(random, R, s.B * s.O, false),
		.dx = test_operand_f32(random, R, s.B * s.D, false),
		.dw = test_operand_f32(random, R, s.D * s.O, false),
		.db = test_operand_f32(random, R, s.O, false),
	};
	float *gate = p.gate.data;
	size_t i;

	for (i = 0; i < p.gate.total; ++i)
		gate[i] = gate[i] > 0 ? gate[i] : 0;
	return p;
}

void linear_problem_free(struct linear_problem *p)
{
	test_operand_free(&p->x);
	test_operand_free(&p->w);
	test_operand_free(&p->b);
	test_operand_free(&p->dy);
	test_operand_free(&p->gate);
	test_operand_free(&p->y);
	test_operand_free(&p->dx);
	test_operand_free(&p->dw);
	test_operand_free(&p->db);
}

void linear_run_forward(struct ut_device *device, const void *arguments,
			struct test_output *output)
{
	const struct linear_problem *p = arguments;
	struct ut_linear op = {
		.R = p->R,
		.B = p->shape.B,
		.D = p->shape.D,
		.O = p->shape.O,
		.x = test_upload(device, &p->x),
		.w = test_upload(device, &p->w),
		.relu = p->relu,
		.y = test_upload(device, &p->y),
	};

	if (p->bias)
		op.b = test_upload(device, &p->b);
	ut_linear_forward(device, &op);
	test_take(output, "y", op.y);
	test_drop(op.x);
	test_drop(op.w);
	test_drop(op.b);
}

void linear_run_data(struct ut_device *device, const void *arguments,
		     struct test_output *output)
{
	const struct linear_problem *p = arguments;
	struct ut_linear_data op = {
		.R = p->R,
		.B = p->shape.B,
		.D = p->shape.D,
		.O = p->shape.O,
		.dy = test_upload(device, &p->dy),
		.w = test_upload(device, &p->w),
		.scale = p->scale,
		.dx = test_upload(device, &p->dx),
	};

	if (p->gated)
		op.gate = test_upload(device, &p->gate);
	ut_linear_backward_data(device, &op);
	test_take(output, "dx", op.dx);
	test_drop(op.dy);
	test_drop(op.w);
	test_drop(op.gate);
}

void linear_run_weights(struct ut_device *device, const void *arguments,
			struct test_output *output)
{
	const struct linear_problem *p = arguments;
	struct ut_linear_weights op = {
		.R = p->R,
		.B = p->shape.B,
		.D = p->shape.D,
		.O = p->shape.O,
		.x = test_upload(device, &p->x),
		.dy = test_upload(device, &p->dy),
		.dw = test_upload(device, &p->dw),
	};

	if (p->bias)
		op.db = test_upload(device, &p->db);
	ut_linear_backward_weights(device, &op);
	test_take(output, "dw", op.dw);
	if (p->bias)
		test_take(output, "db", op.db);
	test_drop(op.x);
	test_drop(op.dy);
}

void linear_describe(char *text, size_t size, const char *what,
		     const struct linear_problem *p)
{
	snprintf(text, size, "%s R=%u B=%zu D=%zu O=%zu%s%s%s", what, p->R,
		 p->shape.B, p->shape.D, p->shape.O, p->bias ? " bias" : "",
		 p->relu ? " relu" : "", p->gated ? " gate" : "");
}
