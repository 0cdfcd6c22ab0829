/* Runs that must be the same but for who made them. */
#ifndef UT_TEST_SAME_RUN_H
#define UT_TEST_SAME_RUN_H

/*
 * Fails unless the files of two runs' folders are the same, but for devices and
 * times in their receipts.
 */
void test_same_run(const char *a, const char *b);

#endif
