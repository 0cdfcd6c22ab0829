/*
 * What every operation is made of: the primitives of the arithmetic contract, the
 * operands that tell right from wrong, and the right answers.
 */
#ifndef UT_PRIMITIVES_H
#define UT_PRIMITIVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <undertone/selftest.h>

enum ut_primitive {
	UT_PRIMITIVE_FMA,       /* fma(a, b, c) */
	UT_PRIMITIVE_SEPARATE,  /* a b, then + c */
	UT_PRIMITIVE_SUM,       /* a + b */
	UT_PRIMITIVE_SUM_BACK,  /* (a + b) - b */
	UT_PRIMITIVE_PRODUCT,   /* a b */
	UT_PRIMITIVE_QUOTIENT,  /* a / b */
	UT_PRIMITIVE_ROOT,      /* sqrt(a) */
	UT_PRIMITIVE_CONVERTED, /* the integer that a's bits are, as a float */
	UT_PRIMITIVE_ORDER,     /* the sum of all operands, in order */
	UT_PRIMITIVES
};

/* What is to be proven of it, and its clause of docs/ARITHMETIC.md. */
const char *ut_primitive_name(enum ut_primitive primitive);
unsigned ut_primitive_clause(enum ut_primitive primitive);

/* What a backend found out about one of them. */
struct ut_primitive_proof {
	bool tried;
	enum ut_verdict verdict; /* if tried */
	char found[96]; /* what was wrong, or how it was mended; may be empty */
};

/* Sets of operands: a multiple of 8. The last ones are like Adam's moments. */
enum { UT_PRIMITIVE_SETS = 8192, UT_PRIMITIVE_MOMENTS = 1024 };

/* Fills operands (UT_PRIMITIVE_SETS, 3) with the bits of a, b and c. */
void ut_primitive_operands(uint32_t (*operands)[3]);

/* Whether set i says anything about a primitive, and what the host computes. */
bool ut_primitive_counts(enum ut_primitive primitive, size_t i);
uint32_t ut_primitive_answer(enum ut_primitive primitive, size_t i,
			     const uint32_t operands[3]);

/* The sum of all of the operands in order, as the host computes it. */
uint32_t ut_primitive_sum(uint32_t (*operands)[3]);

/* Whether bits are the right ones: in the moments' sets what is small is 0. */
bool ut_primitive_same(size_t i, uint32_t got, uint32_t expected);

/* Sets the host's own proofs, from constants. False when memory runs out. */
bool ut_primitives_prove_host(struct ut_primitive_proof proofs[UT_PRIMITIVES]);

#endif
