/* Which library this is, and which arithmetic it keeps to. */
#ifndef UNDERTONE_VERSION_H
#define UNDERTONE_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The arithmetic contract, docs/ARITHMETIC.md: programs of the same contract give
 * the same bits.
 */
enum { UT_CONTRACT = 1 };

/* "MAJOR.MINOR.PATCH" of the library that runs. */
const char *ut_version(void);

#ifdef __cplusplus
}
#endif

#endif
