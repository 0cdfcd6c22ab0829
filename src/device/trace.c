/* Tracing: a table of operations that calls another, and tells what it wrote. */
#include <undertone/trace.h>

#include <stdlib.h>

#include "device/backend.h"

/* What stands in device->trace. */
struct ut_trace {
	struct ut_backend table; /* the device's while it is traced */
	const struct ut_backend *inner;
	ut_trace_told told;
	void *user;
};

#define OUTPUT(slice)         \
	{                     \
#slice, slice \
	}

/* Tells of an operation whose outputs are the rest; optional ones may be none. */
#define TELL(device, name, replicas, ...)                               \
	do {                                                            \
		const struct ut_trace_output outputs[] = {__VA_ARGS__}; \
		tell(device, name, replicas, outputs,                   \
		     sizeof(outputs) / sizeof(*outputs));               \
	} while (0)

static void tell(struct ut_device *device, const char *op, unsigned R,
		 const struct ut_trace_output *outputs, size_t count)
{
	const struct ut_trace *trace = device->trace;
	struct ut_trace_event event = {
		.op = op,
		.label = device->label ? device->label : "",
		.R = R,
	};
	size_t i;

	if (device->latched.status)
		return;
	for (i = 0; i < count; ++i)
		if (!ut_slice_none(outputs[i].slice))
			event.outputs[event.count++] = outputs[i];
	trace->told(trace->user, &event);
}

static const struct ut_backend *inner(const struct ut_device *device)
{
	return device->trace->inner;
}

static void end(struct ut_device *device)
{
	device->backend = device->trace->inner;
	free(device->trace);
	device->trace = NULL;
}

/* Memory ------------------------------------------------------------------- */

static void trace_close(struct ut_device *device)
{
	end(device);
	device->backend->close(device);
}

static bool trace_alloc(struct ut_device *device, struct ut_buffer *buffer)
{
	bool good = inner(device)->alloc(device, buffer);

	if (good)
		TELL(device, "alloc", 1,
		     {"zeros", ut_slice_of(buffer, buffer->count)});
	return good;
}

static void trace_write(struct ut_device *device, struct ut_buffer *buffer,
			size_t offset, size_t count, const void *data)
{
	struct ut_slice part = {buffer, offset, count, 0};

	inner(device)->write(device, buffer, offset, count, data);
	TELL(device, "write", 1, {"data", part});
}

static void trace_copy(struct ut_device *device, unsigned R,
		       struct ut_slice from, struct ut_slice to)
{
	inner(device)->copy(device, R, from, to);
	TELL(device, "copy", R, OUTPUT(to));
}

static void trace_fill(struct ut_device *device, unsigned R, struct ut_slice x,
		       uint32_t bits)
{
	inner(device)->fill(device, R, x, bits);
	TELL(device, "fill", R, OUTPUT(x));
}

/* Operations with a struct of their own ------------------------------------ */

/* A slot that takes nothing but the struct, whose output is called y. */
#define TRACED(slot, type, y)                              \
	static void trace_##slot(struct ut_device *device, \
				 const struct type *op)    \
	{                                                  \
		inner(device)->slot(device, op);           \
		TELL(device, #slot, op->R, {#y, op->y});   \
	}

/* The same with two outputs. */
#define TRACED_TWO(slot, type, y, z)                                  \
	static void trace_##slot(struct ut_device *device,            \
				 const struct type *op)               \
	{                                                             \
		inner(device)->slot(device, op);                      \
		TELL(device, #slot, op->R, {#y, op->y}, {#z, op->z}); \
	}

TRACED(linear_forward, ut_linear, y)
TRACED(linear_data, ut_linear_data, dx)
TRACED_TWO(linear_weights, ut_linear_weights, dw, db)
TRACED_TWO(conv_forward, ut_conv, y, index)
TRACED(conv_data, ut_conv_data, dx)
TRACED_TWO(conv_weights, ut_conv_weights, dw, db)
TRACED_TWO(max_pool, ut_pool, y, index)
TRACED(random, ut_random, x)
TRACED(dropout, ut_dropout, x)
TRACED(filter, ut_filter, y)
TRACED(octaves, ut_octaves, y)
TRACED(blend, ut_blend, y)
TRACED(augment, ut_augment, to)
TRACED(gather_images, ut_gather, x)

static void trace_average_pool(struct ut_device *device,
			       const struct ut_pool *op, float inverse)
{
	inner(device)->average_pool(device, op, inverse);
	TELL(device, "average_pool", op->R, {"y", op->y});
}

static void trace_pool_data(struct ut_device *device,
			    const struct ut_pool_data *op, float inverse)
{
	inner(device)->pool_data(device, op, inverse);
	TELL(device, "pool_data", op->R, {"dx", op->dx});
}

static void trace_cross_entropy(struct ut_device *device,
				const struct ut_loss *loss,
				struct ut_slice labels, float inverse)
{
	inner(device)->cross_entropy(device, loss, labels, inverse);
	TELL(device, "cross_entropy", loss->R, {"gradient", loss->gradient},
	     {"loss", loss->loss});
}

static void trace_distil(struct ut_device *device, const struct ut_distil *op,
			 const struct ut_distil_scale *scale)
{
	inner(device)->distil(device, op, scale);
	TELL(device, "distil", op->loss.R, {"gradient", op->loss.gradient},
	     {"loss", op->loss.loss});
}

static bool trace_tuned_forward(struct ut_device *device,
				const struct ut_linear *op)
{
	bool done = inner(device)->tuned_forward(device, op);

	if (done)
		TELL(device, "tuned_forward", op->R, {"y", op->y});
	return done;
}

/* The others --------------------------------------------------------------- */

static void trace_gather_labels(struct ut_device *device, unsigned R, size_t B,
				size_t N, struct ut_slice labels,
				struct ut_slice ids, struct ut_slice to)
{
	inner(device)->gather_labels(device, R, B, N, labels, ids, to);
	TELL(device, "gather_labels", R, OUTPUT(to));
}

static void trace_moments(struct ut_device *device, unsigned R, size_t B,
			  size_t C, size_t first, size_t count,
			  struct ut_slice x, struct ut_slice moments,
			  float inverse)
{
	inner(device)->moments(device, R, B, C, first, count, x, moments,
			       inverse);
	TELL(device, "moments", R, OUTPUT(moments));
}

static void trace_mean(struct ut_device *device, unsigned R, struct ut_slice x,
		       struct ut_slice y, float inverse)
{
	inner(device)->mean(device, R, x, y, inverse);
	TELL(device, "mean", R, OUTPUT(y));
}

static void trace_optimise(struct ut_device *device, unsigned R,
			   const struct ut_update *update, struct ut_slice w,
			   struct ut_slice g, struct ut_slice m,
			   struct ut_slice v)
{
	inner(device)->optimise(device, R, update, w, g, m, v);
	TELL(device, "optimise", R, OUTPUT(w), OUTPUT(m), OUTPUT(v));
}

static void trace_argmax(struct ut_device *device, unsigned R, size_t B,
			 size_t C, size_t first, size_t count,
			 struct ut_slice x, struct ut_slice to)
{
	inner(device)->argmax(device, R, B, C, first, count, x, to);
	TELL(device, "argmax", R, OUTPUT(to));
}

static void trace_count_equal(struct ut_device *device, unsigned R,
			      struct ut_slice a, struct ut_slice b,
			      struct ut_slice total)
{
	inner(device)->count_equal(device, R, a, b, total);
	TELL(device, "count_equal", R, OUTPUT(total));
}

static void trace_fma_chain(struct ut_device *device, struct ut_slice x,
			    float a, float b, uint32_t rounds)
{
	inner(device)->fma_chain(device, x, a, b, rounds);
	TELL(device, "fma_chain", 1, OUTPUT(x));
}

static void trace_check_finite(struct ut_device *device, unsigned R,
			       struct ut_slice x, struct ut_slice where)
{
	inner(device)->check_finite(device, R, x, where);
	TELL(device, "check_finite", R, OUTPUT(where));
}

/* Slots that write nothing that lasts stay those of the inner table. */
static void wrap(struct ut_backend *table)
{
	table->close = trace_close;
	table->alloc = trace_alloc;
	table->write = trace_write;
	table->copy = trace_copy;
	table->fill = trace_fill;
	table->linear_forward = trace_linear_forward;
	table->linear_data = trace_linear_data;
	table->linear_weights = trace_linear_weights;
	table->conv_forward = trace_conv_forward;
	table->conv_data = trace_conv_data;
	table->conv_weights = trace_conv_weights;
	table->max_pool = trace_max_pool;
	table->average_pool = trace_average_pool;
	table->pool_data = trace_pool_data;
	table->random = trace_random;
	table->dropout = trace_dropout;
	table->filter = trace_filter;
	table->octaves = trace_octaves;
	table->blend = trace_blend;
	table->augment = trace_augment;
	table->gather_images = trace_gather_images;
	table->gather_labels = trace_gather_labels;
	table->cross_entropy = trace_cross_entropy;
	table->distil = trace_distil;
	table->moments = trace_moments;
	table->mean = trace_mean;
	table->optimise = trace_optimise;
	table->argmax = trace_argmax;
	table->count_equal = trace_count_equal;
	table->tuned_forward = trace_tuned_forward;
	table->fma_chain = trace_fma_chain;
	table->check_finite = trace_check_finite;
}

enum ut_status ut_device_trace(struct ut_device *device, ut_trace_told told,
			       void *user, struct ut_error *error)
{
	struct ut_trace *trace = device->trace;

	if (!told) {
		if (trace)
			end(device);
		return UT_OK;
	}
	if (!trace) {
		trace = malloc(sizeof(*trace));
		if (!trace)
			return ut_error_set(error, UT_MEMORY, "out of memory");
		trace->inner = device->backend;
		trace->table = *trace->inner;
		wrap(&trace->table);
		device->trace = trace;
		device->backend = &trace->table;
	}
	trace->told = told;
	trace->user = user;
	return UT_OK;
}

void ut_device_label(struct ut_device *device, const char *label)
{
	device->label = label;
}
