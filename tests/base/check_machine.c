/* Machines that this is not for are refused, by name, before anything is built. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/program.h"
#include "support/scratch.h"
#include "support/testing.h"

/* What the compiler says of a machine that is not here. */
static const struct {
	const char *flags, *reason;
} machines[] = {
	{"-D__BYTE_ORDER__=__ORDER_BIG_ENDIAN__", "a big-endian machine: "},
	{"-D__SIZEOF_POINTER__=4", "a 32-bit machine: "},
};

static bool has_compiler(void)
{
	if (test_command("command -v ${CC:-cc}") == DONE)
		return true;
	test_skip("other machines", "no C compiler here");
	return false;
}

START_TEST(configure_refuses_it)
{
	char part[128];
	size_t i;

	if (!has_compiler())
		return;
	for (i = 0; i < sizeof(machines) / sizeof(*machines); ++i) {
		ck_assert_int_eq(
			test_command("CC=\"${CC:-cc}\" BUILD=%s ./configure "
				     "CFLAGS='%s -Wno-builtin-macro-redefined'",
				     test_scratch("build"), machines[i].flags),
			FAILED);
		snprintf(part, sizeof(part), "configure: error: this is %s",
			 machines[i].reason);
		ck_assert_msg(strstr(test_complaint, part), "no '%s' in %s",
			      part, test_complaint);
	}
}
END_TEST

/* Whoever compiles the sources without configure. */
START_TEST(every_source_refuses_it)
{
	size_t i;

	if (!has_compiler())
		return;
	for (i = 0; i < sizeof(machines) / sizeof(*machines); ++i) {
		ck_assert_int_ne(
			test_command("${CC:-cc} -fsyntax-only -Iinclude "
				     "-Isrc -Wno-builtin-macro-redefined %s "
				     "src/device/distil.c",
				     machines[i].flags),
			DONE);
		ck_assert_msg(strstr(test_complaint, machines[i].reason),
			      "no '%s' in %s", machines[i].reason,
			      test_complaint);
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("machine");

	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	tcase_add_test(tests, configure_refuses_it);
	tcase_add_test(tests, every_source_refuses_it);
	return test_main_alone("machine", tests);
}
