/* The constants of the distances between student and teacher. */
#include "device/backend.h"

static void with_softmax(const struct ut_distil *op,
			 struct ut_distil_scale *scale)
{
	double B = (double)op->loss.B, T = op->temperature, alpha = op->alpha;

	scale->cool = (float)(1.0 / T);
	if (op->kind == UT_KD) {
		scale->slope = (float)((1.0 - alpha) * T / B);
		scale->weight = (float)((1.0 - alpha) * T * T);
		scale->label_slope = (float)(alpha / B);
		scale->label_weight = (float)alpha;
	} else if (op->kind == UT_JS) {
		scale->slope = (float)(1.0 / (2.0 * T * B));
	} else {
		scale->slope = (float)(1.0 / (T * B));
	}
}

struct ut_distil_scale ut_distil_scale_of(const struct ut_distil *op)
{
	double B = (double)op->loss.B, count = (double)op->loss.count;
	struct ut_distil_scale scale = {0};

	switch (op->kind) {
	case UT_KL:
	case UT_REVERSE_KL:
	case UT_JS:
	case UT_KD:
		with_softmax(op, &scale);
		break;
	case UT_COSINE_DISTANCE:
		scale.slope = (float)(1.0 / B);
		break;
	case UT_MSE:
	case UT_MSE_NORM:
		scale.slope = (float)(2.0 / (B * count));
		scale.weight = (float)(1.0 / count);
		break;
	}
	return scale;
}
