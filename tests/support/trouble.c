/* Open devices with too little memory, or that fail at a step. */
#include "trouble.h"

#include <check.h>
#include <stdatomic.h>
#include <time.h>

struct test_trouble test_troubles[TEST_TROUBLES];
static atomic_bool struck; /* one of them was in trouble */

static struct test_trouble *trouble_of(const struct ut_device *device)
{
	size_t i = 0;

	while (test_troubles[i].device != device)
		++i;
	return &test_troubles[i];
}

static bool small_alloc(struct ut_device *device, struct ut_buffer *buffer)
{
	const struct test_trouble *trouble = trouble_of(device);
	size_t bytes = buffer->count * ut_type_bytes(buffer->type);

	if (trouble->bytes && device->bytes + bytes > trouble->bytes) {
		atomic_store(&struck, true);
		ut_device_latch(device, UT_MEMORY, "the test's memory is full");
		return false;
	}
	return trouble->inner->alloc(device, buffer);
}

/* However busy the machine is, the other device gets its turn. */
static void wait_for_other(const struct test_trouble *trouble)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	unsigned waited;

	for (waited = 0; trouble->waits && !atomic_load(&struck); ++waited) {
		ck_assert_uint_lt(waited, 60000);
		nanosleep(&pause, NULL);
	}
}

static void bad_optimise(struct ut_device *device, unsigned R,
			 const struct ut_update *update, struct ut_slice w,
			 struct ut_slice g, struct ut_slice m,
			 struct ut_slice v)
{
	struct test_trouble *trouble = trouble_of(device);

	wait_for_other(trouble);
	if (trouble->steps && R > trouble->side_by_side) {
		if (trouble->steps > 1) {
			--trouble->steps;
		} else {
			if (trouble->once)
				trouble->steps = TEST_NEVER;
			atomic_store(&struck, true);
			ut_device_latch(device, trouble->status,
					"the test's trouble");
			return;
		}
	}
	trouble->inner->optimise(device, R, update, w, g, m, v);
}

void test_trouble_wrap(struct ut_device *const *devices, size_t count)
{
	size_t i;

	ck_assert_uint_le(count, TEST_TROUBLES);
	atomic_store(&struck, false);
	for (i = 0; i < count; ++i) {
		struct test_trouble *trouble = &test_troubles[i];
		struct ut_device *device = devices[i];

		*trouble = (struct test_trouble){.device = device,
						 .inner = device->backend,
						 .table = *device->backend};
		trouble->table.alloc = small_alloc;
		trouble->table.optimise = bad_optimise;
		device->backend = &trouble->table;
	}
}
