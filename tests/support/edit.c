/* Files that somebody changed behind the program's back. */
#include "support/edit.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "support/testing.h"

char *test_edit_read(const char *folder, const char *name, size_t *bytes)
{
	char *path = ut_path_join(folder, name), *text = NULL;
	struct ut_error error = {0};

	ck_assert_msg(!ut_file_read(path, 1 << 26, &text, bytes, &error), "%s",
		      error.text);
	free(path);
	return text;
}

void test_edit_write(const char *folder, const char *name, const char *text,
		     size_t bytes)
{
	char *path = ut_path_join(folder, name);
	struct ut_error error = {0};

	ck_assert_msg(!ut_file_write(path, text, bytes, &error), "%s",
		      error.text);
	free(path);
}

void test_edit(const char *folder, const char *name, const char *from,
	       const char *to)
{
	struct ut_text edited = {0};
	size_t bytes;
	char *text = test_edit_read(folder, name, &bytes),
	     *at = strstr(text, from);

	ck_assert_msg(at, "%s has no '%s'", name, from);
	ut_text_append_bytes(&edited, text, (size_t)(at - text));
	ut_text_append(&edited, "%s", to);
	at += strlen(from);
	ut_text_append_bytes(&edited, at, bytes - (size_t)(at - text));
	test_edit_write(folder, name, ut_text_string(&edited), edited.length);
	ut_text_release(&edited);
	free(text);
}

void test_edit_cut(const char *folder, const char *name, size_t bytes)
{
	size_t all;
	char *text = test_edit_read(folder, name, &all);

	ck_assert_uint_lt(bytes, all);
	test_edit_write(folder, name, text, bytes);
	free(text);
}
