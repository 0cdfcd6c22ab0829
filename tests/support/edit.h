/* Files that somebody changed behind the program's back. */
#ifndef UT_TEST_EDIT_H
#define UT_TEST_EDIT_H

#include <stdbool.h>
#include <stddef.h>

/* All bytes of folder/name, ended by a NUL; free them. */
char *test_edit_read(const char *folder, const char *name, size_t *bytes);

/* Makes these the bytes of folder/name. */
void test_edit_write(const char *folder, const char *name, const char *text,
		     size_t bytes);

/* Puts `to` where folder/name has `from` first; fails if it has it nowhere. */
void test_edit(const char *folder, const char *name, const char *from,
	       const char *to);

/* Keeps the first bytes of folder/name alone. */
void test_edit_cut(const char *folder, const char *name, size_t bytes);

#endif
