/*
 * A tile of sums that stays in the level's vector registers, and loops over it:
 * with every index a constant the compiler keeps it there.
 */
#ifndef UT_HOST_TILE_H
#define UT_HOST_TILE_H

#include "vec.h"

/* MR rows of NV vectors. */
#if defined(__AVX512F__)
enum { MR = 12, NV = 2 };
#elif defined(__AVX2__) && defined(__FMA__)
enum { MR = 6, NV = 2 };
#elif defined(__aarch64__)
enum { MR = 6, NV = 4 };
#else
enum { MR = 4, NV = 2 };
#endif

enum { NR = NV * VEC_WIDTH };

#define INLINE static inline __attribute__((always_inline))
/* A loop that needs the registers for itself. */
#define NOINLINE __attribute__((noinline))

#define UNROLLED(i, n) _Pragma("GCC unroll 16") for (i = 0; i < (n); ++i)
#define TILE(i, j)       \
	UNROLLED (i, MR) \
		UNROLLED (j, NV)

#endif
