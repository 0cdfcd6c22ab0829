/* A backend that is the host's but for one fault, chosen by a text. */
#include "faulty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device/host/host.h"

static const char *const kinds[] = {"ulp",  "wrong", "nan",   "skip",
				    "fail", "full",  "crash", "hang"};
enum kind { ULP, WRONG, NOT_A_NUMBER, SKIP, FAIL, FULL, CRASH, HANG, KINDS };

/* One device at a time, as test programs have it. */
static struct {
	const struct ut_backend *inner; /* the host's, of some level */
	struct ut_backend table;        /* the device's */
	bool armed, on;                 /* on: and all after it */
	enum kind kind;
	char slot[32];
	unsigned long at, calls;
} fault;

/* Whether the call is to be spoilt; what never returns does not. */
static bool strikes(const char *slot)
{
	if (!fault.armed || strcmp(slot, fault.slot))
		return false;
	++fault.calls;
	if (fault.calls < fault.at || (fault.calls > fault.at && !fault.on))
		return false;
	if (fault.kind == CRASH) {
		fputs("the faulty driver is lost\n", stderr);
		abort();
	}
	while (fault.kind == HANG)
		pause();
	return true;
}

/* Spoils an element of the last replica; of numbers, not a zero. */
static void spoil(struct ut_device *device, unsigned R, struct ut_slice y)
{
	size_t bytes = ut_type_bytes(y.buffer->type), i, at;
	uint32_t word;

	for (i = 0; i < y.count; ++i) {
		at = y.offset + (R - 1) * y.stride +
		     (y.count / 3 + i) % y.count;
		word = 0;
		fault.inner->read(device, y.buffer, at, 1, &word);
		if (bytes == 4 && !(word << 1) && i + 1 < y.count)
			continue;
		word = fault.kind == ULP     ? word ^ 1
		       : fault.kind == WRONG ? word ^ 1u << (bytes - 1) * 5
					     : 0x7fc00000;
		fault.inner->write(device, y.buffer, at, 1, &word);
		return;
	}
}

/* Calls the inner slot, or does not, or spoils what it wrote. */
#define FAULTY(slot, parameters, arguments, R, y)                         \
	static void faulty_##slot parameters                              \
	{                                                                 \
		bool struck = strikes(#slot);                             \
                                                                          \
		if (struck && (fault.kind == FAIL || fault.kind == FULL)) \
			ut_device_latch(device,                           \
					fault.kind == FULL ? UT_MEMORY    \
							   : UT_DEVICE,   \
					"the faulty device: %s", #slot);  \
		else if (!struck || fault.kind != SKIP)                   \
			fault.inner->slot arguments;                      \
		if (struck && fault.kind <= NOT_A_NUMBER)                 \
			spoil(device, R, y);                              \
	}

#define FAULTY_OP(slot, type, y)                                         \
	FAULTY(slot, (struct ut_device * device, const struct type *op), \
	       (device, op), op->R, op->y)

FAULTY_OP(linear_forward, ut_linear, y)
FAULTY_OP(linear_data, ut_linear_data, dx)
FAULTY_OP(linear_weights, ut_linear_weights, dw)
FAULTY_OP(conv_forward, ut_conv, y)
FAULTY_OP(conv_data, ut_conv_data, dx)
FAULTY_OP(conv_weights, ut_conv_weights, dw)
FAULTY_OP(max_pool, ut_pool, y)
FAULTY_OP(random, ut_random, x)
FAULTY_OP(dropout, ut_dropout, x)
FAULTY_OP(filter, ut_filter, y)
FAULTY_OP(augment, ut_augment, to)
FAULTY_OP(gather_images, ut_gather, x)
FAULTY(pool_data,
       (struct ut_device * device, const struct ut_pool_data *op,
	float inverse),
       (device, op, inverse), op->R, op->dx)
FAULTY(cross_entropy,
       (struct ut_device * device, const struct ut_loss *loss,
	struct ut_slice labels, float inverse),
       (device, loss, labels, inverse), loss->R, loss->gradient)
FAULTY(distil,
       (struct ut_device * device, const struct ut_distil *op,
	const struct ut_distil_scale *scale),
       (device, op, scale), op->loss.R, op->loss.gradient)
FAULTY(mean,
       (struct ut_device * device, unsigned R, struct ut_slice x,
	struct ut_slice y, float inverse),
       (device, R, x, y, inverse), R, y)
FAULTY(optimise,
       (struct ut_device * device, unsigned R, const struct ut_update *update,
	struct ut_slice w, struct ut_slice g, struct ut_slice m,
	struct ut_slice v),
       (device, R, update, w, g, m, v), R, w)
FAULTY(argmax,
       (struct ut_device * device, unsigned R, size_t B, size_t C, size_t first,
	size_t count, struct ut_slice x, struct ut_slice to),
       (device, R, B, C, first, count, x, to), R, to)
FAULTY(copy,
       (struct ut_device * device, unsigned R, struct ut_slice from,
	struct ut_slice to),
       (device, R, from, to), R, to)

static bool faulty_alloc(struct ut_device *device, struct ut_buffer *buffer)
{
	if (strikes("alloc")) {
		ut_device_latch(device,
				fault.kind == FULL ? UT_MEMORY : UT_DEVICE,
				"the faulty device: alloc");
		return false;
	}
	return fault.inner->alloc(device, buffer);
}

static void replace_slots(void)
{
	struct ut_backend *table = &fault.table;

	*table = *fault.inner;
	table->alloc = faulty_alloc;
	table->linear_forward = faulty_linear_forward;
	table->linear_data = faulty_linear_data;
	table->linear_weights = faulty_linear_weights;
	table->conv_forward = faulty_conv_forward;
	table->conv_data = faulty_conv_data;
	table->conv_weights = faulty_conv_weights;
	table->max_pool = faulty_max_pool;
	table->random = faulty_random;
	table->dropout = faulty_dropout;
	table->filter = faulty_filter;
	table->augment = faulty_augment;
	table->gather_images = faulty_gather_images;
	table->pool_data = faulty_pool_data;
	table->cross_entropy = faulty_cross_entropy;
	table->distil = faulty_distil;
	table->mean = faulty_mean;
	table->optimise = faulty_optimise;
	table->argmax = faulty_argmax;
	table->copy = faulty_copy;
}

/* Reads KIND:SLOT:N[+]. */
static bool read_fault(const char *text)
{
	char kind[16], on = '\0';
	int k, got;

	fault.calls = 0;
	got = sscanf(text, "%15[^:]:%31[^:]:%lu%c", kind, fault.slot, &fault.at,
		     &on);
	for (k = 0; k < KINDS && got >= 3; ++k)
		if (!strcmp(kind, kinds[k])) {
			fault.kind = (enum kind)k;
			fault.on = on == '+';
			fault.armed = true;
		}
	return fault.armed;
}

static enum ut_status faulty_open(struct ut_device *device,
				  struct ut_error *error)
{
	const char *text = getenv(TEST_FAULT);
	enum ut_status status;

	fault.armed = false;
	if (text && *text && !read_fault(text))
		return ut_error_set(error, UT_INVALID, "no fault: %s", text);
	status = ut_host_backend.open(device, error);
	if (status)
		return status;
	/* the table of the processor's level, from now on behind ours */
	fault.inner = device->backend;
	replace_slots();
	device->backend = &fault.table;
	return UT_OK;
}

const struct ut_backend test_faulty_backend = {
	.name = "faulty",
	.open = faulty_open,
};

enum ut_status test_faulty_list(struct ut_device_list *list,
				struct ut_error *error)
{
	enum ut_status status = ut_host_list(list, error);
	struct ut_device_info *info;

	if (status)
		return status;
	info = &list->devices[list->count - 1];
	info->kind = UT_KIND_CPU;
	snprintf(info->name, sizeof(info->name), "faulty");
	snprintf(info->platform, sizeof(info->platform), "faulty");
	return UT_OK;
}
