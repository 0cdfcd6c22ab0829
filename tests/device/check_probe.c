/*
 * What the contract takes for granted of a processor and a compiler, on the
 * host: OpenCL devices are asked the same when they are opened.
 */
#include <math.h>
#include <stdio.h>

#include "scalar.h"
#include "support/testing.h"

/* From memory, so that no compiler computes them beforehand. */
static float from(uint32_t bits)
{
	volatile float x = test_float(bits);

	return x;
}

static void expect(const char *what, float got, uint32_t bits)
{
	ck_assert_msg(test_bits(got) == bits, "%s: expected %08x, got %08x",
		      what, bits, test_bits(got));
}

START_TEST(fma_rounds_once)
{
	static const uint32_t known[][4] = {
		{0x3f800800, 0x3f800800, 0xbf801000, 0x33800000},
		{0x3f7288d0, 0x34f91a50, 0xbe7916c0, 0xbe7916a3},
		{0xd58ceec0, 0x34670000, 0x980645fc, 0xca7e56df},
	};
	size_t i;

	for (i = 0; i < 3; ++i) {
		float a = from(known[i][0]), b = from(known[i][1]);
		float c = from(known[i][2]);

		expect("fma", ut_fma(a, b, c), known[i][3]);
		expect("fmaf", fmaf(a, b, c), known[i][3]);
	}
}
END_TEST

START_TEST(a_product_and_a_sum_stay_two_roundings)
{
	float a = from(0x3f800800), c = from(0xbf801000);
	float p = a * a;

	expect("two statements", p + c, 0);
	expect("one expression", a * a + c, 0);
}
END_TEST

START_TEST(ties_go_to_even)
{
	expect("tie", from(0x3f800000) + from(0x33800000), 0x3f800000);
	expect("tie", from(0x3f800001) + from(0x33800000), 0x3f800002);
}
END_TEST

START_TEST(sums_are_not_simplified)
{
	float a = from(0x3f800000), b = from(0x4cbebc20);

	expect("(a + b) - b", (a + b) - b, 0);
}
END_TEST

START_TEST(zeros_have_their_signs)
{
	float x = from(0x40490fdb);

	expect("-0 + +0", from(0x80000000) + from(0), 0);
	expect("+0 * -1", from(0) * from(0xbf800000), 0x80000000);
	expect("x + -x", x + -x, 0);
}
END_TEST

START_TEST(division_is_correctly_rounded)
{
	static const uint32_t known[][3] = {
		{0x3fbd09ab, 0x3f8cde6e, 0x3fabc4bd},
		{0x3fab2876, 0x3fb63c5f, 0x3f707031},
		{0x41b1dae4, 0xc35488a1, 0xbdd63aa2},
		{0xac84e721, 0xa98597fd, 0x427ead18},
	};
	size_t i;

	for (i = 0; i < 4; ++i)
		expect("division", ut_div(from(known[i][0]), from(known[i][1])),
		       known[i][2]);
}
END_TEST

START_TEST(integers_round_to_even)
{
	volatile uint32_t a = 16777217, b = 16777219;

	expect("16777217", (float)a, 0x4b800000);
	expect("16777219", (float)b, 0x4b800002);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("probe");

	tcase_add_test(tests, fma_rounds_once);
	tcase_add_test(tests, a_product_and_a_sum_stay_two_roundings);
	tcase_add_test(tests, ties_go_to_even);
	tcase_add_test(tests, sums_are_not_simplified);
	tcase_add_test(tests, zeros_have_their_signs);
	tcase_add_test(tests, division_is_correctly_rounded);
	tcase_add_test(tests, integers_round_to_even);
	return test_main_alone("probe", tests);
}
