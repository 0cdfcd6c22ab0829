/*
 * Linear layers whose products a tuned library makes: CLBlast, where the build
 * has it. What is around the products are kernels of tuned.cl.
 */
#include "ocl.h"

#include "config.h"

#if UT_HAVE_CLBLAST
#include <clblast_c.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#ifdef CLBLAST_VERSION_MAJOR
#define VERSION                                          \
	"CLBlast " TEXT(CLBLAST_VERSION_MAJOR) "." TEXT( \
		CLBLAST_VERSION_MINOR) "." TEXT(CLBLAST_VERSION_PATCH)
#else
#define VERSION "CLBlast"
#endif

const struct ut_library ut_ocl_library = {"clblast", VERSION};

/* c (M, N) = a b, K long chains; a is stored (K, M), b (N, K) if turned. */
struct product {
	unsigned R;
	size_t M, N, K;
	bool a_turned, b_turned;
	struct ut_slice a, b, c;
};

/* The products that were compared with our own; a table of slots with them. */
struct ut_ocl_tuned {
	struct ut_backend table;
	struct product *checked;
	size_t count, capacity;
};

static cl_mem handle(struct ut_slice s)
{
	return s.buffer->handle;
}

static void multiply(struct ut_device *device, const struct product *p)
{
	CLBlastStatusCode code = CLBlastSgemmStridedBatched(
		CLBlastLayoutRowMajor,
		p->a_turned ? CLBlastTransposeYes : CLBlastTransposeNo,
		p->b_turned ? CLBlastTransposeYes : CLBlastTransposeNo, p->M,
		p->N, p->K, 1.0f, handle(p->a), p->a.offset,
		p->a_turned ? p->M : p->K, p->a.stride, handle(p->b),
		p->b.offset, p->b_turned ? p->K : p->N, p->b.stride, 0.0f,
		handle(p->c), p->c.offset, p->N, p->c.stride, p->R,
		&ut_ocl_of(device)->queue, NULL);

	if (code != CLBlastSuccess)
		ut_device_latch(device, ut_ocl_error_status((cl_int)code),
				"the product %zu x %zu x %zu by " VERSION
				" failed on %s: status %d",
				p->M, p->N, p->K, device->info.name, (int)code);
}

/* The same product by our own kernels. */
static void multiply_ourselves(struct ut_device *device,
			       const struct product *p, struct ut_slice c)
{
	struct ut_slice none = {0};

	if (p->a_turned)
		ut_ocl_linear_weights(device, &(struct ut_linear_weights){
						      p->R, p->K, p->M, p->N,
						      p->a, p->b, c, none});
	else if (p->b_turned)
		ut_ocl_linear_data(device,
				   &(struct ut_linear_data){p->R, p->M, p->N,
							    p->K, p->a, p->b,
							    none, 1, c});
	else
		ut_ocl_linear_forward(device,
				      &(struct ut_linear){p->R, p->M, p->K,
							  p->N, p->a, p->b,
							  none, false, c});
}

/*
 * Latches where a replica's products differ by more than 2^-10 of the largest:
 * other orders of rounding stay far below, a tile left out or stale does not.
 */
static void compare(struct ut_device *device, const struct product *p,
		    unsigned r, const float *got, const float *own)
{
	size_t count = p->M * p->N, at = 0, i;
	float largest = 0, worst = 0;

	for (i = 0; i < count; ++i)
		if (isfinite(own[i]))
			largest = fmaxf(largest, fabsf(own[i]));
	for (i = 0; i < count; ++i) {
		float error = fabsf(got[i] - own[i]);

		if (!isfinite(own[i]) || error <= worst)
			continue;
		at = i;
		worst = isnan(error) ? INFINITY : error;
	}
	if (!(worst <= 0x1p-10f * largest))
		ut_device_latch(device, UT_DEVICE,
				"wrong product by " VERSION " on %s: %zu x %zu "
				"x %zu, replica %u: row %zu, column %zu is %g "
				"and must be %g; this library cannot be used "
				"here",
				device->info.name, p->M, p->N, p->K, r,
				at / p->N, at % p->N, got[at], own[at]);
}

static bool same_kind(const struct product *p, const struct product *q)
{
	return p->R == q->R && p->M == q->M && p->N == q->N && p->K == q->K &&
	       p->a_turned == q->a_turned && p->b_turned == q->b_turned &&
	       !p->a.offset == !q->a.offset && p->a.stride == q->a.stride &&
	       !p->b.offset == !q->b.offset && p->b.stride == q->b.stride &&
	       !p->c.offset == !q->c.offset && p->c.stride == q->c.stride;
}

static bool was_checked(const struct ut_ocl_tuned *tuned,
			const struct product *p)
{
	size_t i = 0;

	while (i < tuned->count && !same_kind(&tuned->checked[i], p))
		++i;
	return i < tuned->count;
}

/* Without memory for it, it is checked once more. */
static void note_checked(struct ut_ocl_tuned *tuned, const struct product *p)
{
	if (tuned->count == tuned->capacity) {
		size_t capacity = 2 * tuned->capacity + 16;
		struct product *more =
			realloc(tuned->checked, capacity * sizeof(*more));

		if (!more)
			return;
		tuned->checked = more;
		tuned->capacity = capacity;
	}
	tuned->checked[tuned->count++] = *p;
}

/*
 * The first product of a kind is compared with our own: versions before 1.6.3
 * have been seen to give wrong ones.
 */
static void check(struct ut_device *device, const struct product *p)
{
	size_t count = p->M * p->N;
	struct ut_slice own = ut_ocl_scratch(device, p->R, count);
	float *numbers = malloc(2 * count * sizeof(*numbers));
	unsigned r;

	if (!numbers)
		ut_device_latch(device, UT_MEMORY, "out of memory");
	if (!device->latched.status)
		multiply_ourselves(device, p, own);
	for (r = 0; r < p->R && !device->latched.status; ++r) {
		ut_ocl_read(device, p->c.buffer, p->c.offset + r * p->c.stride,
			    count, numbers);
		if (!device->latched.status)
			ut_ocl_read(device, own.buffer, r * count, count,
				    numbers + count);
		if (!device->latched.status)
			compare(device, p, r, numbers, numbers + count);
	}
	free(numbers);
}

static void multiply_checked(struct ut_device *device, const struct product *p)
{
	struct ut_ocl_tuned *tuned = ut_ocl_of(device)->tuned;

	multiply(device, p);
	if (device->latched.status || was_checked(tuned, p))
		return;
	check(device, p);
	if (!device->latched.status)
		note_checked(tuned, p);
}

/* y (rows, columns) = clean(relu(y + bias)) */
static void finish(struct ut_device *device, unsigned R, size_t rows,
		   size_t columns, struct ut_slice y, struct ut_slice bias,
		   bool relu)
{
	struct ut_ocl_launch launch;

	if (device->latched.status)
		return;
	launch = ut_ocl_begin(device, OCL_FINISH_FORWARD);
	ut_ocl_pass_slice(&launch, y);
	ut_ocl_pass_slice(&launch, bias);
	ut_ocl_pass_uint(&launch, columns);
	ut_ocl_pass_uint(&launch, !ut_slice_none(bias));
	ut_ocl_pass_uint(&launch, relu);
	ut_ocl_run(&launch, ut_ocl_items(device, columns), rows, R);
}

static struct product product_of(const struct ut_linear *op)
{
	return (struct product){op->R, op->B, op->O, op->D, false,
				false, op->x, op->w, op->y};
}

static void tuned_forward(struct ut_device *device, const struct ut_linear *op)
{
	struct product product = product_of(op);

	multiply_checked(device, &product);
	finish(device, op->R, op->B, op->O, op->y, op->b, op->relu);
}

static void tuned_data(struct ut_device *device,
		       const struct ut_linear_data *op)
{
	struct product product = {op->R, op->B,  op->D, op->O, false,
				  true,  op->dy, op->w, op->dx};
	struct ut_ocl_launch launch;

	multiply_checked(device, &product);
	if (device->latched.status)
		return;
	launch = ut_ocl_begin(device, OCL_FINISH_DATA);
	ut_ocl_pass_slice(&launch, op->dx);
	ut_ocl_pass_slice(&launch, op->gate);
	ut_ocl_pass_uint(&launch, op->D);
	ut_ocl_pass_uint(&launch, !ut_slice_none(op->gate));
	ut_ocl_pass_float(&launch, op->scale);
	ut_ocl_run(&launch, ut_ocl_items(device, op->D), op->B, op->R);
}

static void tuned_weights(struct ut_device *device,
			  const struct ut_linear_weights *op)
{
	struct product product = {op->R, op->D, op->O,  op->B, true,
				  false, op->x, op->dy, op->dw};
	struct ut_slice none = {0};
	struct ut_ocl_launch launch;

	multiply_checked(device, &product);
	finish(device, op->R, op->D, op->O, op->dw, none, false);
	if (ut_slice_none(op->db) || device->latched.status)
		return;
	launch = ut_ocl_begin(device, OCL_BIAS_GRADIENT);
	ut_ocl_pass_slice(&launch, op->dy);
	ut_ocl_pass_slice(&launch, op->db);
	ut_ocl_pass_uint(&launch, op->B);
	ut_ocl_pass_uint(&launch, op->O);
	ut_ocl_run(&launch, ut_ocl_row_items(device, op->O), 1, op->R);
}

enum ut_status ut_ocl_tuned_open(struct ut_device *device, struct ut_ocl *ocl,
				 struct ut_error *error)
{
	struct ut_ocl_tuned *tuned = calloc(1, sizeof(*tuned));
	struct ut_device_info *info = &device->info;

	if (!tuned)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	tuned->table = *device->backend;
	tuned->table.linear_forward = tuned_forward;
	tuned->table.linear_data = tuned_data;
	tuned->table.linear_weights = tuned_weights;
	device->backend = &tuned->table;
	ocl->tuned = tuned;
	if (info->bit_exact)
		snprintf(info->flaw, sizeof(info->flaw),
			 "matrix products by " VERSION);
	info->bit_exact = false;
	return UT_OK;
}

void ut_ocl_tuned_close(struct ut_ocl_tuned *tuned)
{
	if (tuned)
		free(tuned->checked);
	free(tuned);
}

bool ut_ocl_tuned_forward(struct ut_device *device, const struct ut_linear *op)
{
	struct product product = product_of(op);

	multiply(device, &product);
	return true;
}
#else
const struct ut_library ut_ocl_library = {NULL, NULL};

enum ut_status ut_ocl_tuned_open(struct ut_device *device, struct ut_ocl *ocl,
				 struct ut_error *error)
{
	(void)device;
	(void)ocl;
	return ut_error_set(error, UT_MISSING,
			    "no library of matrix products in this build");
}

void ut_ocl_tuned_close(struct ut_ocl_tuned *tuned)
{
	(void)tuned;
}

bool ut_ocl_tuned_forward(struct ut_device *device, const struct ut_linear *op)
{
	(void)device;
	(void)op;
	return false;
}
#endif
