/*
 * The vector of the processor level this file is compiled for: VEC_WIDTH
 * floats, and an fma of one rounding on each. GCC and Clang supply the
 * operators.
 */
#ifndef UT_HOST_VEC_H
#define UT_HOST_VEC_H

#include <string.h>

#include "scalar.h"

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#if defined(__AVX512F__)
enum { VEC_WIDTH = 16 };
#elif defined(__AVX2__) && defined(__FMA__)
enum { VEC_WIDTH = 8 };
#else
enum { VEC_WIDTH = 4 };
#endif

typedef float vec __attribute__((vector_size(4 * VEC_WIDTH)));
typedef int32_t vec_bits __attribute__((vector_size(4 * VEC_WIDTH)));
typedef float vec_anywhere
	__attribute__((vector_size(4 * VEC_WIDTH), aligned(4), may_alias));

/* Half as many integers of 64 bits. */
typedef uint64_t vec_long __attribute__((vector_size(4 * VEC_WIDTH)));

/* Four floats, for transposing. */
typedef float quad __attribute__((vector_size(16)));
typedef float quad_anywhere
	__attribute__((vector_size(16), aligned(4), may_alias));

static inline vec vec_load(const float *x)
{
	return *(const vec_anywhere *)x;
}

static inline void vec_store(float *x, vec a)
{
	*(vec_anywhere *)x = a;
}

static inline vec vec_set(float x)
{
#if defined(__AVX512F__)
	return _mm512_set1_ps(x);
#elif defined(__AVX2__) && defined(__FMA__)
	return _mm256_set1_ps(x);
#else
	return (vec){x, x, x, x};
#endif
}

#if defined(__SSE2__) && !defined(__FMA__)
/* ut_fma's way through double, on two lanes. */
static inline __m128d vec_fma_half(__m128d a, __m128d b, __m128d c)
{
	const __m128d zero = _mm_setzero_pd();
	const __m128i one = _mm_set1_epi64x(1);
	__m128d product = _mm_mul_pd(a, b);
	__m128d sum = _mm_add_pd(product, c);
	__m128d back = _mm_sub_pd(sum, product);
	__m128d left = _mm_sub_pd(product, _mm_sub_pd(sum, back));
	__m128d right = _mm_sub_pd(c, back);
	__m128d error = _mm_add_pd(left, right);
	__m128d up = _mm_cmpgt_pd(error, zero);
	__m128d inexact = _mm_or_pd(up, _mm_cmplt_pd(error, zero));
	__m128d apart = _mm_xor_pd(up, _mm_cmpgt_pd(sum, zero));
	__m128i bits = _mm_castpd_si128(sum);
	/* all ones where the last bit is 0 */
	__m128i even = _mm_sub_epi64(_mm_and_si128(bits, one), one);
	/* -1 where error and sum point apart, else 1 */
	__m128i step = _mm_or_si128(_mm_castpd_si128(apart), one);

	step = _mm_and_si128(step, even);
	step = _mm_and_si128(step, _mm_castpd_si128(inexact));
	return _mm_castsi128_pd(_mm_add_epi64(bits, step));
}
#endif

/* a * b + c with one rounding */
static inline vec vec_fma(vec a, vec b, vec c)
{
#if defined(__AVX512F__)
	return _mm512_fmadd_ps(a, b, c);
#elif defined(__AVX2__) && defined(__FMA__)
	return _mm256_fmadd_ps(a, b, c);
#elif defined(__SSE2__) && defined(__FMA__)
	return _mm_fmadd_ps(a, b, c);
#elif defined(__SSE2__)
	__m128d low =
		vec_fma_half(_mm_cvtps_pd(a), _mm_cvtps_pd(b), _mm_cvtps_pd(c));
	__m128d high = vec_fma_half(_mm_cvtps_pd(_mm_movehl_ps(a, a)),
				    _mm_cvtps_pd(_mm_movehl_ps(b, b)),
				    _mm_cvtps_pd(_mm_movehl_ps(c, c)));

	return _mm_movelh_ps(_mm_cvtpd_ps(low), _mm_cvtpd_ps(high));
#elif defined(__aarch64__)
	return vfmaq_f32(c, a, b);
#else
	int i;

	for (i = 0; i < VEC_WIDTH; ++i)
		c[i] = ut_fma(a[i], b[i], c[i]);
	return c;
#endif
}

/* x where the mask is all ones, +0 where it is 0 */
static inline vec vec_keep(vec x, vec_bits mask)
{
	return (vec)((vec_bits)x & mask);
}

/* ut_clean of every lane */
static inline vec vec_clean(vec x)
{
	vec size = (vec)((vec_bits)x & 0x7fffffff);

	return vec_keep(x, ~(vec_bits)(size < as_float(0x2b800000u)));
}

/* x where gate > 0, else +0 */
static inline vec vec_gate(vec x, vec gate)
{
	return vec_keep(x, (vec_bits)(gate > 0.0f));
}

/* The 64-bit products of b and the lanes' low halves. */
static inline vec_long vec_multiply(vec_long a, uint32_t b)
{
#if defined(__AVX512F__)
	return (vec_long)_mm512_mul_epu32((__m512i)a, _mm512_set1_epi64(b));
#elif defined(__AVX2__) && defined(__FMA__)
	return (vec_long)_mm256_mul_epu32((__m256i)a, _mm256_set1_epi64x(b));
#elif defined(__SSE2__)
	return (vec_long)_mm_mul_epu32((__m128i)a, _mm_set1_epi64x(b));
#elif defined(__aarch64__)
	return vmull_n_u32(vmovn_u64(a), b);
#else
	return (a & 0xffffffffu) * b;
#endif
}

typedef uint8_t vec_bytes __attribute__((vector_size(VEC_WIDTH)));

/* VEC_WIDTH bytes as integers, and integers below 256 as bytes. */
static inline vec_bits vec_load_bytes(const uint8_t *x)
{
#if defined(__AVX512F__)
	return (vec_bits)_mm512_cvtepu8_epi32(
		_mm_loadu_si128((const __m128i *)x));
#elif defined(__AVX2__) && defined(__FMA__)
	return (vec_bits)_mm256_cvtepu8_epi32(
		_mm_loadl_epi64((const __m128i *)x));
#else
	vec_bytes bytes;

	memcpy(&bytes, x, sizeof(bytes));
	return __builtin_convertvector(bytes, vec_bits);
#endif
}

static inline void vec_store_bytes(uint8_t *x, vec_bits a)
{
#if defined(__AVX512F__)
	_mm_storeu_si128((__m128i *)x, _mm512_cvtepi32_epi8((__m512i)a));
#elif defined(__AVX2__) && defined(__FMA__)
	__m128i words =
		_mm_packus_epi32(_mm256_castsi256_si128((__m256i)a),
				 _mm256_extracti128_si256((__m256i)a, 1));

	_mm_storel_epi64((__m128i *)x, _mm_packus_epi16(words, words));
#else
	vec_bytes bytes = __builtin_convertvector(a, vec_bytes);

	memcpy(x, &bytes, sizeof(bytes));
#endif
}

static inline quad quad_load(const float *x)
{
	return *(const quad_anywhere *)x;
}

static inline void quad_store(float *x, quad a)
{
	*(quad_anywhere *)x = a;
}

/* to[k * stride + l] = from[l * row + k] for l and k below 4 */
static inline void quad_transpose(const float *from, size_t row, float *to,
				  size_t stride)
{
	quad a = quad_load(from), b = quad_load(from + row);
	quad c = quad_load(from + 2 * row), d = quad_load(from + 3 * row);
	quad ab = __builtin_shufflevector(a, b, 0, 4, 1, 5);
	quad ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
	quad cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
	quad cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);

	quad_store(to, __builtin_shufflevector(ab, cd, 0, 1, 4, 5));
	quad_store(to + stride, __builtin_shufflevector(ab, cd, 2, 3, 6, 7));
	quad_store(to + 2 * stride,
		   __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5));
	quad_store(to + 3 * stride,
		   __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7));
}

/* The same for l below 2. */
static inline void quad_transpose_two(const float *from, size_t row, float *to,
				      size_t stride)
{
	quad a = quad_load(from), b = quad_load(from + row);
	quad low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
	quad high = __builtin_shufflevector(a, b, 2, 6, 3, 7);

	memcpy(to, &low, 8);
	memcpy(to + stride, (const float *)&low + 2, 8);
	memcpy(to + 2 * stride, &high, 8);
	memcpy(to + 3 * stride, (const float *)&high + 2, 8);
}

#endif
