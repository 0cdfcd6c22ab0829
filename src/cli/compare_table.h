/* What came of a comparison, for people, on standard output. */
#ifndef UT_COMPARE_TABLE_H
#define UT_COMPARE_TABLE_H

#include "lab/compare.h"

/* A row a device, what each is, and where those part that do. */
void compare_table_print(const struct ut_compare *compare);

#endif
