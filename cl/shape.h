/*
 * What every kernel starts with: the arithmetic, the arguments a slice becomes,
 * and the two shapes. On a processor (the default) one work-item is a group of
 * its own and walks a span of neighbouring elements, which the compiler turns
 * into vectors; on a GPU (UT_SHAPE_GPU) neighbouring work-items take
 * neighbouring elements. Replicas are get_global_id(2) in both.
 */
#ifndef UT_SHAPE_H
#define UT_SHAPE_H

#include "scalar.h"

/* Work-items in a group of an elementwise kernel of the GPU shape. */
#ifndef UT_GROUP
#define UT_GROUP 64
#endif

/* Elements a work-item of the CPU shape walks, and rows where a row is work. */
#ifndef UT_SPAN
#define UT_SPAN 1024
#endif
#ifndef UT_ROW_SPAN
#define UT_ROW_SPAN 32
#endif

/* for (i = every index below n that is this work-item's) */
#ifdef UT_SHAPE_GPU
#define UT_ITEMS UT_GROUP
#define UT_FOR_SPAN(i, n, span) \
	for (ulong i = get_global_id(0); i < (n); i += get_global_size(0))
#else
#define UT_ITEMS 1
#define UT_FOR_SPAN(i, n, span)                           \
	for (ulong i = (ulong)get_global_id(0) * (span),  \
		   i##_end = min((ulong)(n), i + (span)); \
	     i < i##_end; ++i)
#endif
#define UT_FOR(i, n) UT_FOR_SPAN(i, n, UT_SPAN)
#define UT_FOR_ROWS(i, n) UT_FOR_SPAN(i, n, UT_ROW_SPAN)

/*
 * Before a loop that adds floats to one sum: clause 2 fixes the order, and a
 * driver has been seen whose vectoriser changes it unasked.
 */
#ifdef __clang__
#define UT_IN_ORDER _Pragma("clang loop vectorize(disable)")
#else
#define UT_IN_ORDER
#endif

/*
 * The hint says that a kernel of one work-item a group has vectors of its own: a
 * driver that would otherwise lay work-items side by side compiles four times as
 * fast.
 */
#ifdef UT_SHAPE_GPU
#define UT_VECTORS
#else
#define UT_VECTORS __attribute__((vec_type_hint(float8)))
#endif
#define UT_KERNEL           \
	__kernel UT_VECTORS \
		__attribute__((reqd_work_group_size(UT_ITEMS, 1, 1)))

/* A slice as arguments, and the pointer to replica r's part of it. */
#define UT_IN(type, x) \
	__global const type *restrict x, ulong x##_offset, ulong x##_stride
#define UT_OUT(type, x) \
	__global type *restrict x, ulong x##_offset, ulong x##_stride
#define UT_PART(x, r) ((x) + x##_offset + (ulong)(r)*x##_stride)

#endif
