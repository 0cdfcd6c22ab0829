/* The primitives of the arithmetic contract: operands and right answers. */
#include "device/primitives.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fingerprint.h"
#include "scalar.h"

static const struct {
	const char *name;
	unsigned clause;
} primitives[UT_PRIMITIVES] = {
	[UT_PRIMITIVE_FMA] = {"fma rounds once", 1},
	[UT_PRIMITIVE_SEPARATE] = {"a product is not fused with a sum", 1},
	[UT_PRIMITIVE_SUM] = {"a sum is rounded to nearest even", 1},
	[UT_PRIMITIVE_SUM_BACK] = {"a sum is not simplified", 1},
	[UT_PRIMITIVE_PRODUCT] = {"a product is rounded to nearest even", 1},
	[UT_PRIMITIVE_QUOTIENT] = {"division is correctly rounded", 3},
	[UT_PRIMITIVE_ROOT] = {"the square root is correctly rounded", 3},
	[UT_PRIMITIVE_CONVERTED] = {"integers become the nearest float", 6},
	[UT_PRIMITIVE_ORDER] = {"a sum keeps its order", 2},
};

const char *ut_primitive_name(enum ut_primitive primitive)
{
	return primitives[primitive].name;
}

unsigned ut_primitive_clause(enum ut_primitive primitive)
{
	return primitives[primitive].clause;
}

/* The first sets: numbers that are known to tell. */
static const struct vector {
	enum ut_primitive primitive;
	uint32_t a, b, c, expected;
} vectors[] = {
	{UT_PRIMITIVE_FMA, 0x3f800800, 0x3f800800, 0xbf801000, 0x33800000},
	{UT_PRIMITIVE_SEPARATE, 0x3f800800, 0x3f800800, 0xbf801000, 0},
	{UT_PRIMITIVE_FMA, 0x3f7288d0, 0x34f91a50, 0xbe7916c0, 0xbe7916a3},
	{UT_PRIMITIVE_FMA, 0xd58ceec0, 0x34670000, 0x980645fc, 0xca7e56df},
	{UT_PRIMITIVE_SUM, 0x3f800000, 0x33800000, 0, 0x3f800000},
	{UT_PRIMITIVE_SUM, 0x3f800001, 0x33800000, 0, 0x3f800002},
	{UT_PRIMITIVE_SUM_BACK, 0x3f800000, 0x4cbebc20, 0, 0},
	{UT_PRIMITIVE_SUM, 0x80000000, 0, 0, 0},
	{UT_PRIMITIVE_PRODUCT, 0, 0xbf800000, 0, 0x80000000},
	{UT_PRIMITIVE_SUM, 0x3f800000, 0xbf800000, 0, 0},
	{UT_PRIMITIVE_QUOTIENT, 0x3fbd09ab, 0x3f8cde6e, 0, 0x3fabc4bd},
	{UT_PRIMITIVE_QUOTIENT, 0x3fab2876, 0x3fb63c5f, 0, 0x3f707031},
	{UT_PRIMITIVE_QUOTIENT, 0x41b1dae4, 0xc35488a1, 0, 0xbdd63aa2},
	{UT_PRIMITIVE_QUOTIENT, 0xac84e721, 0xa98597fd, 0, 0x427ead18},
	{UT_PRIMITIVE_CONVERTED, 16777217, 0, 0, 0x4b800000},
	{UT_PRIMITIVE_CONVERTED, 16777219, 0, 0, 0x4b800002},
};

enum { VECTORS = sizeof(vectors) / sizeof(*vectors) };

/* Words of a generator of its own (Knuth's constants): no tested code. */
static uint32_t draw_word(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 32);
}

/* A number of magnitude 2^low to 2^(low + span), of either sign. */
static uint32_t draw(uint64_t *state, unsigned low, unsigned span)
{
	uint32_t word = draw_word(state);

	return (word & 0x807fffffu) | (low + draw_word(state) % span) << 23;
}

/*
 * A third operand beside the product p of the others: of its size, so that they
 * cancel, or so much larger or smaller that the sum is decided by their last bits.
 */
static uint32_t draw_beside(uint64_t *state, uint32_t p)
{
	uint32_t word = draw_word(state);

	switch (word % 4) {
	case 0:
		return (p ^ 0x80000000u) + (word >> 8 & 7);
	case 1:
		return ((p + (24u << 23)) & 0xffffff00u) ^ (word & 0x80000000u);
	case 2:
		return ((p - (24u << 23)) & 0xfffff000u) ^ (word & 0x80000000u);
	default:
		return draw(state, 107, 40);
	}
}

void ut_primitive_operands(uint32_t (*operands)[3])
{
	uint64_t state = 1;
	size_t i;

	for (i = 0; i < UT_PRIMITIVE_SETS; ++i) {
		uint32_t *to = operands[i];

		if (i < VECTORS) {
			to[0] = vectors[i].a;
			to[1] = vectors[i].b;
			to[2] = vectors[i].c;
		} else if (i < UT_PRIMITIVE_SETS - UT_PRIMITIVE_MOMENTS) {
			to[0] = draw(&state, 107, 40) & 0x7fffffffu;
			to[1] = draw(&state, 107, 40);
			to[2] = draw_beside(&state, as_uint(as_float(to[0]) *
							    as_float(to[1])));
		} else {
			to[0] = draw(&state, 27, 40) & 0x7fffffffu;
			to[1] = draw(&state, 126, 1) & 0x7fffffffu;
			to[2] = draw(&state, 27, 40);
		}
	}
}

static bool is_moment(size_t i)
{
	return i >= UT_PRIMITIVE_SETS - UT_PRIMITIVE_MOMENTS;
}

bool ut_primitive_counts(enum ut_primitive primitive, size_t i)
{
	if (primitive == UT_PRIMITIVE_ORDER)
		return false;
	if (i < VECTORS)
		return vectors[i].primitive == primitive;
	return primitive == UT_PRIMITIVE_FMA || !is_moment(i);
}

bool ut_primitive_same(size_t i, uint32_t got, uint32_t expected)
{
	if (is_moment(i)) {
		got = as_uint(ut_clean_moment(as_float(got)));
		expected = as_uint(ut_clean_moment(as_float(expected)));
	}
	return got == expected;
}

/* This processor's answer; every line rounds once. */
static uint32_t compute(enum ut_primitive primitive, const uint32_t operands[3])
{
	float a = as_float(operands[0]), b = as_float(operands[1]);
	float c = as_float(operands[2]), product = a * b, sum = a + b;

	switch (primitive) {
	case UT_PRIMITIVE_FMA:
		return as_uint(ut_fma(a, b, c));
	case UT_PRIMITIVE_SEPARATE:
		return as_uint(product + c);
	case UT_PRIMITIVE_SUM:
		return as_uint(sum);
	case UT_PRIMITIVE_SUM_BACK:
		return as_uint(sum - b);
	case UT_PRIMITIVE_PRODUCT:
		return as_uint(product);
	case UT_PRIMITIVE_QUOTIENT:
		return as_uint(a / b);
	case UT_PRIMITIVE_ROOT:
		return as_uint(sqrtf(a));
	default:
		return as_uint((float)(int32_t)operands[0]);
	}
}

uint32_t ut_primitive_answer(enum ut_primitive primitive, size_t i,
			     const uint32_t operands[3])
{
	return i < VECTORS ? vectors[i].expected : compute(primitive, operands);
}

uint32_t ut_primitive_sum(uint32_t (*operands)[3])
{
	float sum = 0.0f;
	size_t i;

	for (i = 0; i < 3 * (size_t)UT_PRIMITIVE_SETS; ++i)
		sum = sum + as_float(operands[i / 3][i % 3]);
	return as_uint(sum);
}

/*
 * The low halves of the fingerprints of all answers to a primitive, one after the
 * other in 4 bytes, little endian. The host's, where gcc and clang, with and
 * without the instruction for fma, agree with PoCL and with Intel's runtime.
 */
static const uint64_t answers[UT_PRIMITIVES] = {
	[UT_PRIMITIVE_FMA] = 0xb0870e518a0a6c7e,
	[UT_PRIMITIVE_SEPARATE] = 0xf8d6f3ff4ec2e331,
	[UT_PRIMITIVE_SUM] = 0xc5cff9ae79613142,
	[UT_PRIMITIVE_SUM_BACK] = 0xcf9e5845990123ef,
	[UT_PRIMITIVE_PRODUCT] = 0x42531e8c721f7df8,
	[UT_PRIMITIVE_QUOTIENT] = 0x0d2c82fa3e55eaa6,
	[UT_PRIMITIVE_ROOT] = 0x6606928d5c19f0a1,
	[UT_PRIMITIVE_CONVERTED] = 0x949a3479ed84d7ad,
	[UT_PRIMITIVE_ORDER] = 0x3c6d1685816bc11c,
};

/* All answers of the host to one primitive; *wrong: the first known one missed. */
static uint64_t answer_all(enum ut_primitive primitive, uint32_t (*operands)[3],
			   const struct vector **wrong)
{
	struct ut_fingerprinter in;
	uint32_t answer;
	size_t i;

	*wrong = NULL;
	ut_fingerprint_init(&in);
	if (primitive == UT_PRIMITIVE_ORDER) {
		float sum = as_float(ut_primitive_sum(operands));

		ut_fingerprint_update_f32(&in, &sum, 1);
		return ut_fingerprint_finish(&in).low;
	}
	for (i = 0; i < UT_PRIMITIVE_SETS; ++i) {
		float x;

		if (!ut_primitive_counts(primitive, i))
			continue;
		answer = compute(primitive, operands[i]);
		if (i < VECTORS && answer != vectors[i].expected && !*wrong)
			*wrong = &vectors[i];
		x = as_float(answer);
		x = is_moment(i) ? ut_clean_moment(x) : x;
		ut_fingerprint_update_f32(&in, &x, 1);
	}
	return ut_fingerprint_finish(&in).low;
}

bool ut_primitives_prove_host(struct ut_primitive_proof proofs[UT_PRIMITIVES])
{
	uint32_t(*operands)[3] = malloc(UT_PRIMITIVE_SETS * sizeof(*operands));
	const struct vector *wrong;
	unsigned p;

	if (!operands)
		return false;
	ut_primitive_operands(operands);
	for (p = 0; p < UT_PRIMITIVES; ++p) {
		uint64_t got = answer_all(p, operands, &wrong);

		proofs[p] = (struct ut_primitive_proof){.tried = true};
		if (!wrong && got == answers[p])
			continue;
		proofs[p].verdict = UT_WRONG;
		if (wrong)
			snprintf(proofs[p].found, sizeof(proofs[p].found),
				 "of %08x, %08x, %08x not %08x", wrong->a,
				 wrong->b, wrong->c, wrong->expected);
		else
			snprintf(proofs[p].found, sizeof(proofs[p].found),
				 "its answers have fingerprint %016" PRIx64,
				 got);
	}
	free(operands);
	return true;
}
