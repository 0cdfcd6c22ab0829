/* Time for measuring. */
#include <time.h>

#include "base/clock.h"
#include "support/testing.h"

START_TEST(the_clock_goes_forward_in_seconds)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	double before = ut_clock_now(), passed;

	nanosleep(&pause, NULL);
	passed = ut_clock_now() - before;
	ck_assert(passed >= 0.019);
	ck_assert(passed < 60);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("clock");

	tcase_add_test(tests, the_clock_goes_forward_in_seconds);
	return test_main_alone("clock", tests);
}
