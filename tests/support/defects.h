/* Small data and recipes for tests that run the program many times. */
#ifndef UT_TEST_DEFECTS_H
#define UT_TEST_DEFECTS_H

/*
 * Checked fixture: a scratch folder with data (IDX files of 40 training and 20
 * test images) and the recipes mlp.ini and cnn.ini, of two replicas and two
 * epochs: 4 steps of the teacher, 3 of students.
 */
void test_defects_open(void);

/*
 * Runs undertone-faulty with the fault of tests/support/faulty.h ("": none) in
 * the scratch folder; the arguments are printf's. Returns its status.
 */
int test_faulty(const char *fault, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
