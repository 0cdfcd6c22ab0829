/* Memory that is given back all at once. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/heap.h"
#include "support/testing.h"

START_TEST(memory_is_zeroed_aligned_and_its_own)
{
	struct ut_heap heap = {0};
	double *a = ut_heap_take(&heap, 3, sizeof(*a));
	char *b = ut_heap_take(&heap, 5, 1);

	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_nonnull(b);
	ck_assert_uint_eq((uintptr_t)a % _Alignof(max_align_t), 0);
	ck_assert(a[0] == 0 && a[2] == 0 && b[4] == 0);
	memset(b, 1, 5);
	ck_assert(a[0] == 0 && a[2] == 0);
	ck_assert_str_eq(ut_heap_text(&heap, "%s %d", "m =", 3), "m = 3");
	ck_assert(!heap.failed);
	ut_heap_release(&heap);
	ck_assert_ptr_null(heap.blocks);
}
END_TEST

START_TEST(what_cannot_be_had_latches)
{
	struct ut_heap heap = {0};

	ck_assert_ptr_null(ut_heap_take(&heap, SIZE_MAX, 2));
	ck_assert(heap.failed);
	ck_assert_ptr_nonnull(ut_heap_take(&heap, 0, 8));
	ck_assert(heap.failed);
	ut_heap_release(&heap);
	ck_assert(!heap.failed);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("heap");

	tcase_add_test(tests, memory_is_zeroed_aligned_and_its_own);
	tcase_add_test(tests, what_cannot_be_had_latches);
	return test_main_alone("heap", tests);
}
