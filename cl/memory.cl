/*
 * Copies and fills of slices. Launch: (n, 1, R).
 * Host twin: src/device/host/host_memory.c.
 */
#include "shape.h"

#define UT_COPY(name, type)                                             \
UT_KERNEL void name(UT_IN(type, from), UT_OUT(type, to), ulong n)       \
{                                                                       \
	uint r = get_global_id(2);                                      \
                                                                        \
	from = UT_PART(from, r);                                        \
	to = UT_PART(to, r);                                            \
	UT_FOR(i, n)                                                    \
		to[i] = from[i];                                        \
}

UT_COPY(copy_words, uint)
UT_COPY(copy_bytes, uchar)

/* Every word of x (n) = bits. */
UT_KERNEL void fill_words(UT_OUT(uint, x), ulong n, uint bits)
{
	uint r = get_global_id(2);

	x = UT_PART(x, r);
	UT_FOR(i, n)
		x[i] = bits;
}
