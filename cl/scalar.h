/*
 * The formulas of the arithmetic contract (docs/ARITHMETIC.md, contract 1),
 * written once and compiled both as C and as OpenCL C. Every function is exact
 * or correctly rounded step by step: fma, add, multiply, integer operations and
 * IEEE division and square root, one rounding a statement.
 */
#ifndef UT_SCALAR_H
#define UT_SCALAR_H

#ifdef __OPENCL_VERSION__
#pragma OPENCL FP_CONTRACT OFF
#define ut_mul_hi(a, b) ((uint)((ulong)(a) * (b) >> 32))
#define UT_FUNCTION static inline __attribute__((always_inline))
/*
 * Some drivers for processors see a call in fma() and sqrt() until it is too late
 * to vectorise the loop around it; the compiler's own forms are instructions.
 */
#if defined(__clang__) && !defined(UT_SHAPE_GPU)
#define ut_native_fma(a, b, c) __builtin_fmaf((a), (b), (c))
#define ut_native_sqrt(x) __builtin_sqrtf(x)
#else
#define ut_native_fma(a, b, c) fma((a), (b), (c))
#define ut_native_sqrt(x) sqrt(x)
#endif
#else
#include <math.h>
#include <stdint.h>
#include <string.h>

typedef uint32_t uint;
typedef uint64_t ulong;

#define UT_FUNCTION static inline __attribute__((always_inline, unused))
#define ut_native_sqrt(x) sqrtf(x)

UT_FUNCTION uint as_uint(float x)
{
	uint u;
	memcpy(&u, &x, sizeof(u));
	return u;
}

UT_FUNCTION float as_float(uint u)
{
	float x;
	memcpy(&x, &u, sizeof(x));
	return x;
}

UT_FUNCTION uint ut_mul_hi(uint a, uint b)
{
	return (uint)((uint64_t)a * b >> 32);
}
#endif

/* Reductions over a batch are cut in chunks of this many rows. */
#define UT_CHUNK 256

/* The same of a convolution: rows of OW output pixels. */
UT_FUNCTION uint ut_chunk_rows(uint OW)
{
	return OW < UT_CHUNK ? UT_CHUNK / OW : 1;
}

/*
 * A product that is rounded by itself, whatever is done with it later. A compiler
 * that fuses it with a later sum in spite of the pragma (UT_GUARD; the probe finds
 * out) is stopped by a zero that it does not know to be one: the square of an odd
 * number is 1 modulo 8. (What is 0 in every launch, some drivers know.)
 */
#if defined(__OPENCL_VERSION__) && defined(UT_GUARD)
UT_FUNCTION float ut_kept(float x)
{
	uint square = as_uint(x) * as_uint(x);

	return as_float(as_uint(x) ^ (square & square >> 2 & 1u));
}

UT_FUNCTION float8 ut_kept8(float8 x)
{
	uint8 square = as_uint8(x) * as_uint8(x);

	return as_float8(as_uint8(x) ^ (square & square >> 2 & 1u));
}
#else
#define ut_kept(x) (x)
#define ut_kept8(x) (x)
#endif
#define ut_mul(a, b) ut_kept((a) * (b))

/* sum + rest = x + y exactly, sum = RN(x + y) (Knuth). */
#define UT_TWO_SUM(sum, rest, x, y) \
	sum = (x) + (y);            \
	back = sum - (x);           \
	rest = sum - back;          \
	rest = (x)-rest;            \
	back = (y)-back;            \
	rest = rest + back;

/*
 * a b + c with one rounding, from sums, products and integers. The product is p +
 * e (Dekker 1971, operands split by their bits); of p + e + c all is exact but a
 * part that is rounded to odd, and the last sum (Boldo and Melquiond 2008). For
 * finite p whose last bit is at 2^-126 or above, as that of clean operands is, or
 * at 2^-149 where there are subnormal numbers. A zero has its sign from the plain
 * sum, and infinities and NaN are it.
 */
#define UT_SOFT_FMA_BODY(real, whole, as_real, as_whole, kept)              \
	real a1, a2, b1, b2, p, e, high, low, top, rest, odd, back;         \
	whole bits, step;                                                   \
                                                                            \
	a = kept(a);                                                        \
	b = kept(b);                                                        \
	c = kept(c);                                                        \
	p = kept(a * b);                                                    \
	a1 = as_real(as_whole(a) & 0xfffff000u);                            \
	a2 = a - a1;                                                        \
	b1 = as_real(as_whole(b) & 0xfffff000u);                            \
	b2 = b - b1;                                                        \
	e = p - a1 * b1; /* these products are exact: fused or not */       \
	e = e - a1 * b2;                                                    \
	e = e - a2 * b1;                                                    \
	e = a2 * b2 - e;                                                    \
	UT_TWO_SUM(high, low, c, e)                                         \
	UT_TWO_SUM(top, rest, p, high)                                      \
	UT_TWO_SUM(odd, e, rest, low)                                       \
	/* to odd: one step towards an error, if there is one, from even */ \
	bits = as_whole(e) << 1;                                            \
	step = (bits | (0u - bits)) >> 31;                                  \
	bits = as_whole(odd);                                               \
	step = step & ~bits;                                                \
	bits = bits + step - ((step & (as_whole(e) ^ bits) >> 31) << 1);    \
	rest = top + as_real(bits);                                         \
	p = p + c; /* taken if rest is 0, or p is not finite */             \
	bits = as_whole(rest) << 1;                                         \
	step = ((bits | (0u - bits)) >> 31) ^ 1u;                           \
	step = step | ((as_whole(p) >> 23 & 255u) + 1u) >> 8;               \
	return step != 0u ? p : rest;

UT_FUNCTION float ut_soft_fma(float a, float b, float c){
	UT_SOFT_FMA_BODY(float, uint, as_float, as_uint, ut_kept)}

/*
 * a * b + c with one rounding. Processors without the instruction go through
 * double: the product of two floats is exact there, the sum is rounded to odd,
 * and so the second rounding is harmless. UT_SOFT_FMA: the device's own is wrong,
 * or slower than the above; the probe finds out.
 */
#if defined(__OPENCL_VERSION__)
UT_FUNCTION float8 ut_soft_fma8(float8 a, float8 b, float8 c){
	UT_SOFT_FMA_BODY(float8, uint8, as_float8, as_uint8, ut_kept8)}
#define ut_native_fma8(a, b, c) fma((a), (b), (c))
#ifdef UT_SOFT_FMA
#define ut_fma(a, b, c) ut_soft_fma((a), (b), (c))
#define ut_fma8(a, b, c) ut_soft_fma8((a), (b), (c))
#else
#define ut_fma(a, b, c) ut_native_fma(a, b, c)
#define ut_fma8(a, b, c) ut_native_fma8(a, b, c)
#endif
#elif defined(__FP_FAST_FMAF) || defined(__FMA__) || defined(__aarch64__)
#define ut_fma(a, b, c) __builtin_fmaf((a), (b), (c))
#else
UT_FUNCTION float ut_fma(float a, float b, float c)
{
	double product = (double)a * (double)b;
	double sum = product + (double)c;
	double back = sum - product;
	double left = product - (sum - back);
	double right = (double)c - back;
	double error = left + right;
	int64_t bits;

	memcpy(&bits, &sum, sizeof(bits));
	/* an infinite sum has no error: NaN, neither above nor below 0 */
	if ((error < 0 || error > 0) && !(bits & 1)) {
		/* towards the error's side, magnitude up or down by one */
		bits += (error > 0) == (sum > 0) ? 1 : -1;
		memcpy(&sum, &bits, sizeof(sum));
	}
	return (float)sum;
}
#endif

/* Clause 4: what will be multiplied later is 0 below 2^-40 in magnitude. */
UT_FUNCTION float ut_clean(float x)
{
	float size = as_float(as_uint(x) & 0x7fffffffu);

	return size < as_float(0x2b800000u) ? 0.0f : x;
}

/* The same for the optimiser's moments, below 2^-100. */
UT_FUNCTION float ut_clean_moment(float x)
{
	float size = as_float(as_uint(x) & 0x7fffffffu);

	return size < as_float(0x0d800000u) ? 0.0f : x;
}

UT_FUNCTION float ut_relu(float x)
{
	return x > 0.0f ? x : 0.0f;
}

/* True for NaN and infinities, by the exponent: fast-math cannot fold it. */
UT_FUNCTION uint ut_is_nonfinite(float x)
{
	return (as_uint(x) & 0x7f800000u) == 0x7f800000u;
}

/*
 * Division and square root, correctly rounded, from integers alone: for devices
 * whose own are not (UT_SOFT_DIVIDE). Operands and results are normal or zero, as
 * the contract's clean values are; a subnormal operand counts as zero.
 */

/* a / b of zeros, infinities and NaN. */
UT_FUNCTION float ut_div_special(uint ua, uint ub)
{
	uint sign = (ua ^ ub) & 0x80000000u;
	uint ea = ua & 0x7f800000u, eb = ub & 0x7f800000u;

	if (ea == eb || (ua & 0x7fffffffu) > 0x7f800000u ||
	    (ub & 0x7fffffffu) > 0x7f800000u)
		return as_float(0x7fc00000u);
	return as_float(ea == 0 || eb == 0x7f800000u ? sign
						     : sign | 0x7f800000u);
}

UT_FUNCTION float ut_soft_div(float a, float b)
{
	uint ua = as_uint(a), ub = as_uint(b);
	int ea = (int)(ua >> 23 & 255), eb = (int)(ub >> 23 & 255);
	ulong n, d, q;
	int e;

	if (ea == 0 || eb == 0 || ea == 255 || eb == 255)
		return ut_div_special(ua, ub);
	n = (ulong)((ua & 0x7fffffu) | 0x800000u) << 26;
	d = (ulong)((ub & 0x7fffffu) | 0x800000u);
	q = n / d; /* in (2^25, 2^27) */
	if (q * d != n)
		q |= 1; /* sticky */
	e = ea - eb + 126;
	if (q >> 26) {
		q = q >> 1 | (q & 1);
		++e;
	}
	/* q holds 26 bits: 24, a guard and a sticky one */
	q = (q >> 2) + ((q >> 1 & 1) & ((q & 1) | (q >> 2 & 1)));
	if (e <= 0)
		return as_float((ua ^ ub) & 0x80000000u);
	if (e >= 255)
		return as_float(((ua ^ ub) & 0x80000000u) | 0x7f800000u);
	return as_float(((ua ^ ub) & 0x80000000u) |
			(((uint)(e - 1) << 23) + (uint)q));
}

UT_FUNCTION float ut_soft_sqrt(float x)
{
	uint u = as_uint(x);
	int e = (int)(u >> 23 & 255);
	ulong m, q, bit;

	if (e == 0 || u == 0x7f800000u)
		return as_float(e ? u : u & 0x80000000u);
	if (e == 255 || u >> 31)
		return as_float(0x7fc00000u);
	/* x = m * 2^(e - 150); make the exponent even, keep 26 bits of root */
	m = (ulong)((u & 0x7fffffu) | 0x800000u);
	m = e & 1 ? m << 27 : m << 28; /* root in [2^25, 2^26) */
	q = 0;
	for (bit = (ulong)1 << 25; bit; bit >>= 1)
		if ((q | bit) * (q | bit) <= m)
			q |= bit;
	m = q * q != m; /* sticky */
	q = (q >> 2) + ((q >> 1 & 1) & ((q & 1) | m | (q >> 2 & 1)));
	e = (e + 127) >> 1;
	return as_float(((uint)(e - 1) << 23) + (uint)q);
}

#ifdef UT_SOFT_DIVIDE
#define ut_div(a, b) ut_soft_div((a), (b))
#define ut_sqrt(x) ut_soft_sqrt(x)
#else
#define ut_div(a, b) ((a) / (b))
#define ut_sqrt(x) ut_native_sqrt(x)
#endif

/*
 * e^x for x <= 88; +0 below -28, where the result would not be clean.
 * x = n ln 2 + r, |r| <= ln 2 / 2, e^r by a polynomial of degree 6 (minimax,
 * 3.2e-9). exp(0) is exactly 1. NaN gives NaN.
 */
UT_FUNCTION float ut_exp(float x)
{
	float shifted = ut_fma(x, as_float(0x3fb8aa3bu), 12582912.0f);
	float n = shifted - 12582912.0f;
	float r = ut_fma(n, as_float(0xbf317218u), x);
	float p = as_float(0x3ab6da74u);
	float scale;

	r = ut_fma(n, as_float(0x3102e308u), r);
	p = ut_fma(p, r, as_float(0x3c091defu));
	p = ut_fma(p, r, as_float(0x3d2aaa2fu));
	p = ut_fma(p, r, as_float(0x3e2aaa47u));
	p = ut_fma(p, r, as_float(0x3f000000u));
	p = ut_fma(p, r, 1.0f);
	p = ut_fma(p, r, 1.0f);
	scale = as_float((as_uint(shifted) - 0x4b400000u + 127u) << 23);
	p = p * scale;
	return x < -28.0f ? 0.0f : p;
}

/*
 * Natural logarithm of a positive normal x. x = 2^e m, m in [sqrt 1/2, sqrt 2),
 * f = m - 1; log m by a polynomial of degree 10 (minimax, 5.9e-9). log(1) is
 * exactly +0.
 */
UT_FUNCTION float ut_log(float x)
{
	uint shifted = as_uint(x) - 0x3f3504f3u;
	float e = (float)((int)shifted >> 23);
	float f = as_float((shifted & 0x7fffffu) + 0x3f3504f3u) - 1.0f;
	float square = f * f;
	float cube = square * f;
	float p = as_float(0xbd9c5ac0u);

	p = ut_fma(p, f, as_float(0x3e02adb5u));
	p = ut_fma(p, f, as_float(0xbe06c2a1u));
	p = ut_fma(p, f, as_float(0x3e116d0eu));
	p = ut_fma(p, f, as_float(0xbe2a3922u));
	p = ut_fma(p, f, as_float(0x3e4cd004u));
	p = ut_fma(p, f, as_float(0xbe800113u));
	p = ut_fma(p, f, as_float(0x3eaaaaaau));
	p = ut_fma(p, cube, e * as_float(0xb102e308u));
	p = ut_fma(square, -0.5f, p);
	p = p + f;
	return ut_fma(e, as_float(0x3f317218u), p);
}

/*
 * Cosine (quarter = 1) or sine (quarter = 0) of the angle 2 pi turn / 2^32. The
 * quadrant is an integer; the rest, within pi / 4, goes to a polynomial.
 */
UT_FUNCTION float ut_sine_of_turn(uint turn, uint quarter)
{
	uint q = (turn + 0x20000000u) >> 30;
	float y = (float)(int)(turn - (q << 30)) * as_float(0x30c90fdbu);
	float t = y * y;
	float s = as_float(0xb94ca1f0u);
	float c = as_float(0x37ccf5ceu);
	float odd, ts;
	uint k = q + quarter;

	s = ut_fma(s, t, as_float(0x3c08839du));
	s = ut_fma(s, t, as_float(0xbe2aaaa3u));
	ts = t * y;
	s = ut_fma(s, ts, y);
	c = ut_fma(c, t, as_float(0xbab6061au));
	c = ut_fma(c, t, as_float(0x3d2aaaa5u));
	c = ut_fma(c, t, -0.5f);
	c = ut_fma(c, t, 1.0f);
	odd = k & 1u ? c : s;
	return as_float(as_uint(odd) ^ (k & 2u) << 30);
}

/* A word of the generator as a number of [-1, 1): 24 bits, exact. */
UT_FUNCTION float ut_uniform_of_word(uint word)
{
	return ut_fma((float)(word >> 8), as_float(0x34000000u), -1.0f);
}

/*
 * Box and Muller (1958): the radius of a pair of normal numbers from its first
 * word. u = (word >> 8 | 1) * 2^-24 is in (0, 1), exact.
 */
UT_FUNCTION float ut_normal_radius(uint word)
{
	float u = (float)(word >> 8 | 1u) * as_float(0x33800000u);

	return ut_sqrt(-2.0f * ut_log(u));
}

#endif
