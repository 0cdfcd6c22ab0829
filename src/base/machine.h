/*
 * The machines this is for; the preprocessor refuses the others. Included where
 * sizes and the order of bytes matter first, so that nothing is built on them.
 */
#ifndef UT_MACHINE_H
#define UT_MACHINE_H

#if !defined(__BYTE_ORDER__) || !defined(__SIZEOF_POINTER__)
#error "a compiler that does not say what it is for: use gcc or clang"
#elif __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "a big-endian machine: fingerprints, weights and data are little-endian"
#elif __SIZEOF_POINTER__ < 8
#error "a 32-bit machine: tensors and data sets have more than 4 GiB"
#endif

#endif
