/* Tracing: every operation is told, with what it wrote, and changes nothing. */
#include <string.h>

#include <undertone/trace.h>

#include "device/backend.h"
#include "support/testing.h"

enum { EVENTS = 64, N = 64 };

/* What was told, in order. */
struct story {
	size_t count;
	struct ut_trace_event events[EVENTS];
	float first[EVENTS]; /* of the first output, if it is of numbers */
};

static void told(void *user, const struct ut_trace_event *event)
{
	struct story *story = user;
	const struct ut_slice *slice = &event->outputs[0].slice;

	ck_assert_uint_lt(story->count, EVENTS);
	story->events[story->count] = *event;
	if (ut_buffer_type(slice->buffer) == UT_F32)
		ck_assert(!ut_buffer_read(slice->buffer, slice->offset, 1,
					  &story->first[story->count], NULL));
	++story->count;
}

static void assert_told(const struct story *story, size_t i, const char *op,
			const char *label, const char *output)
{
	const struct ut_trace_event *event = &story->events[i];

	ck_assert_uint_lt(i, story->count);
	ck_assert_str_eq(event->op, op);
	ck_assert_str_eq(event->label, label);
	ck_assert_str_eq(event->outputs[0].name, output);
}

static void trace_some(struct ut_device *device)
{
	struct story story = {0};
	const float numbers[N] = {3, 4};
	struct ut_buffer *x, *y;
	struct ut_error error;
	float got[N];

	ck_assert(!ut_device_trace(device, told, &story, &error));
	x = ut_buffer_new(device, UT_F32, N);
	y = ut_buffer_new(device, UT_F32, N);
	ut_buffer_write(x, 0, N, numbers);
	ut_device_label(device, "fc2");
	ut_copy(device, 2, ut_slice_of(x, N / 2), ut_slice_of(y, N / 2));
	ut_device_label(device, NULL);
	ut_fill_f32(device, 1, ut_slice_part(ut_slice_of(y, N), 1, 2), 7);
	ck_assert(!ut_device_trace(device, NULL, NULL, &error));
	ut_fill_f32(device, 1, ut_slice_part(ut_slice_of(y, N), 3, 1), 8);
	ck_assert_uint_eq(story.count, 5);
	assert_told(&story, 0, "alloc", "", "zeros");
	assert_told(&story, 2, "write", "", "data");
	assert_told(&story, 3, "copy", "fc2", "to");
	assert_told(&story, 4, "fill", "", "x");
	/* as they were when they were told */
	ck_assert(story.first[0] == 0 && story.first[2] == 3);
	ck_assert(story.first[3] == 3 && story.first[4] == 7);
	ck_assert_uint_eq(story.events[3].R, 2);
	ck_assert_uint_eq(story.events[3].outputs[0].slice.stride, N / 2);
	ck_assert(!ut_buffer_read(y, 0, N, got, NULL));
	ck_assert(got[0] == 3 && got[1] == 7 && got[2] == 7 && got[3] == 8);
	ut_buffer_free(x);
	ut_buffer_free(y);
}

START_TEST(what_was_written_is_told_in_order_and_by_name)
{
	size_t i;

	for (i = 0; i < test_device_count(); ++i)
		trace_some(test_device(i)->device);
}
END_TEST

/* Fails unless a traced device has its own function in every slot that writes. */
START_TEST(every_slot_that_writes_is_traced)
{
	struct ut_device *device = test_device(0)->device;
	const struct ut_backend plain = *device->backend;
	const struct ut_backend *traced;
	struct ut_error error;
	struct story story;

	ck_assert(!ut_device_trace(device, told, &story, &error));
	traced = device->backend;
#define OTHER(slot) ck_assert_msg(traced->slot != plain.slot, #slot)
	OTHER(close);
	OTHER(alloc);
	OTHER(write);
	OTHER(copy);
	OTHER(fill);
	OTHER(linear_forward);
	OTHER(linear_data);
	OTHER(linear_weights);
	OTHER(conv_forward);
	OTHER(conv_data);
	OTHER(conv_weights);
	OTHER(max_pool);
	OTHER(average_pool);
	OTHER(pool_data);
	OTHER(random);
	OTHER(dropout);
	OTHER(filter);
	OTHER(octaves);
	OTHER(blend);
	OTHER(augment);
	OTHER(gather_images);
	OTHER(gather_labels);
	OTHER(cross_entropy);
	OTHER(distil);
	OTHER(moments);
	OTHER(mean);
	OTHER(optimise);
	OTHER(argmax);
	OTHER(count_equal);
	OTHER(tuned_forward);
	OTHER(fma_chain);
	OTHER(check_finite);
#undef OTHER
	ck_assert(traced->read == plain.read);
	ck_assert(traced->finish == plain.finish);
	ck_assert(!ut_device_trace(device, NULL, NULL, &error));
	ck_assert(device->backend->copy == plain.copy);
}
END_TEST

START_TEST(a_device_that_is_closed_while_it_is_traced_is_closed)
{
	struct ut_device *device;
	struct ut_error error;
	struct story story;

	ck_assert(!ut_device_open(&device, "host", &error));
	ck_assert(!ut_device_trace(device, told, &story, &error));
	ut_device_close(device);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("trace");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, what_was_written_is_told_in_order_and_by_name);
	tcase_add_test(tests, every_slot_that_writes_is_traced);
	tcase_add_test(tests,
		       a_device_that_is_closed_while_it_is_traced_is_closed);
	return test_main_host("trace", tests);
}
