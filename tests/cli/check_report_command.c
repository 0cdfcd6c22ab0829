/* undertone report as users call it, and its page in a browser. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "report/plot.h"
#include "support/edit.h"
#include "support/program.h"
#include "support/scratch.h"
#include "support/testing.h"

#define RUN                                                                  \
	"run tiny data.limit=60 distill.images=60 evaluate=epoch samples=3 " \
	"diagnostics=yes robustness=yes --device host --quiet --out %s"

START_TEST(wrong_calls_are_usage_errors)
{
	test_program_fails(USAGE, "report", "names no run's");
	test_program_fails(USAGE, "report a --force", "--force");
	test_program_fails(FAILED, "report /nonexistent", "neither a run's");
	test_program_fails(FAILED, "report data/recipes", "neither a run's");
}
END_TEST

START_TEST(the_page_is_written_where_it_is_wanted)
{
	const char *run = test_scratch("run");

	ck_assert_int_eq(test_program(RUN, run), DONE);
	ck_assert(ut_file_exists(test_scratch("run/report.html")));
	ck_assert_int_eq(test_program("report %s --out %s/deep/er", run, run),
			 DONE);
	ck_assert(ut_file_exists(test_scratch("run/deep/er/report.html")));
	ck_assert_ptr_nonnull(strstr(test_output, "deep/er/report.html"));
	ck_assert_str_eq(test_complaint, "");
	test_edit(run, "receipt.json", "\"mean\": 0", "\"mean\": 1");
	ck_assert_int_eq(test_program("report %s", run), FAILED);
	ck_assert_ptr_nonnull(strstr(test_complaint, "receipt.json"));
}
END_TEST

/* The command of a browser, or NULL. */
static const char *browser(void)
{
	static const char *const names[] = {"chromium", "chromium-browser",
					    "google-chrome"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); ++i)
		if (test_command("command -v %s", names[i]) == DONE)
			return names[i];
	return NULL;
}

/* Loads a page, and keeps its document and what the console says. */
static void load(const char *name, const char *page, unsigned width)
{
	const char *profile = test_scratch("profile"), *said;
	int status = test_command(
		"HOME=%s timeout 100 %s --headless=new --no-sandbox "
		"--disable-gpu --disable-background-networking "
		"--user-data-dir=%s --window-size=%u,900 "
		"--enable-logging=stderr --virtual-time-budget=5000 "
		"--dump-dom file://%s >%s",
		profile, name, profile, width, page, test_scratch("dom.html"));

	ck_assert_msg(status == DONE, "%s: status %d: %.1000s", name, status,
		      test_complaint);
	said = strstr(test_complaint, "CONSOLE");
	ck_assert_msg(!said, "the console: %.1000s", said);
}

/* Puts the test's script into a copy of the page. */
static const char *with_script(const char *run)
{
	size_t bytes, length;
	char *page = test_edit_read(run, "report.html", &bytes);
	char *script = test_edit_read("tests/cli", "page_test.js", &length);
	const char *end = strstr(page, "</body>");
	struct ut_text copy = {0};

	ck_assert_ptr_nonnull(end);
	ut_text_append_bytes(&copy, page, (size_t)(end - page));
	ut_text_append(&copy, "<script>%s</script>%s", script, end);
	test_edit_write(run, "copy.html", ut_text_string(&copy), copy.length);
	ut_text_release(&copy);
	free(page);
	free(script);
	return test_scratch("run/copy.html");
}

static void all_is_well(const char *name, const char *page, unsigned width)
{
	size_t bytes;
	char *dom, *outcome;

	load(name, page, width);
	dom = test_edit_read(test_scratch("."), "dom.html", &bytes);
	outcome = strstr(dom, "<pre id=\"outcome\">");
	ck_assert_msg(outcome, "the page's test did not run, %u wide", width);
	ck_assert_msg(!strstr(outcome, "NO: ") && strstr(outcome, "done"),
		      "%u wide: %.2000s", width, outcome);
	free(dom);
}

START_TEST(a_browser_shows_the_page_and_what_it_promises)
{
	const char *run = test_scratch("run"), *name = browser(), *page;

	if (!name || !ut_plot_available()) {
		test_skip("the page in a browser",
			  name ? "built without cairo" : "no chromium here");
		return;
	}
	ck_assert_int_eq(test_program(RUN, run), DONE);
	page = with_script(run);
	all_is_well(name, page, 1400);
	all_is_well(name, page, 390);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("report_command");

	tcase_add_checked_fixture(tests, test_scratch_open, test_scratch_close);
	tcase_set_timeout(tests, 300);
	tcase_add_test(tests, wrong_calls_are_usage_errors);
	tcase_add_test(tests, the_page_is_written_where_it_is_wanted);
	tcase_add_test(tests, a_browser_shows_the_page_and_what_it_promises);
	return test_main_alone("report_command", tests);
}
