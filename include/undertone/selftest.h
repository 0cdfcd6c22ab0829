/* Proving that a device keeps the arithmetic contract, clause by clause. */
#ifndef UNDERTONE_SELFTEST_H
#define UNDERTONE_SELFTEST_H

#include <undertone/device.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ut_verdict {
	UT_PROVEN,
	UT_MENDED, /* by an exact way around what the device does wrong */
	UT_WRONG,
};

/* One thing that was tried. */
struct ut_selftest_line {
	unsigned clause;  /* of docs/ARITHMETIC.md; 0: of none */
	const char *what; /* "fma rounds once", "linear_weights", "MLP" */
	enum ut_verdict verdict;
	const char *found; /* what was wrong or how it was mended; or empty */
};

/* What a clause is about, in a few words. */
const char *ut_clause_name(unsigned clause);

typedef void (*ut_selftest_told)(void *user,
				 const struct ut_selftest_line *line);

/*
 * Opens a device and proves it from the start, whatever was found out about it
 * before; tells of everything that was tried (told may be NULL), closes it, and
 * keeps the verdict for those who open it next. *info is then as of the open
 * device: info->bit_exact says whether all was proven or mended, info->flaw what
 * was first not. Selectors are those of ut_device_open, which proves a device by
 * the same test when it meets it first.
 */
enum ut_status ut_selftest(const char *selector, ut_selftest_told told,
			   void *user, struct ut_device_info *info,
			   struct ut_error *error);

#ifdef __cplusplus
}
#endif

#endif
