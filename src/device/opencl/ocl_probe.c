/*
 * What a device must compute exactly before it is used: the vectors of
 * docs/ARITHMETIC.md, and some thousand random ones against the host.
 */
#include "ocl.h"

#include <stdlib.h>

#include "scalar.h"

/* The columns of probe.cl. */
enum ut_ocl_probe_column {
	FUSED,     /* fma(a, b, c) */
	SEPARATE,  /* a * b, then + c */
	SUM,       /* a + b */
	SUM_BACK,  /* (a + b) - b */
	PRODUCT,   /* a * b */
	QUOTIENT,  /* a / b */
	ROOT,      /* sqrt(a) */
	CONVERTED, /* the integer that a's bits are, as a float */
	COLUMNS,
	ORDER = COLUMNS, /* the sum of all operands; a kernel of its own */
	CLAUSES
};

/* What to say of a column that differs. */
static const char *const clauses[CLAUSES] = {
	[FUSED] = "clause 1: fma rounds more than once",
	[SEPARATE] = "clause 1: a product and a sum are contracted",
	[SUM] = "clause 1: a sum is not rounded to nearest even",
	[SUM_BACK] = "clause 1: a sum is simplified",
	[PRODUCT] = "clause 1: a product is not rounded to nearest even",
	[QUOTIENT] = "clause 3: division is not correctly rounded",
	[ROOT] = "clause 3: the square root is not correctly rounded",
	[CONVERTED] = "clause 6: an integer is not converted to nearest even",
	[ORDER] = "clause 2: a sum is reordered",
};

struct vector {
	enum ut_ocl_probe_column column;
	cl_uint a, b, c, expected;
};

static const struct vector vectors[] = {
	{FUSED, 0x3f800800, 0x3f800800, 0xbf801000, 0x33800000},
	{SEPARATE, 0x3f800800, 0x3f800800, 0xbf801000, 0x00000000},
	{FUSED, 0x3f7288d0, 0x34f91a50, 0xbe7916c0, 0xbe7916a3},
	{FUSED, 0xd58ceec0, 0x34670000, 0x980645fc, 0xca7e56df},
	{SUM, 0x3f800000, 0x33800000, 0, 0x3f800000},
	{SUM, 0x3f800001, 0x33800000, 0, 0x3f800002},
	{SUM_BACK, 0x3f800000, 0x4cbebc20, 0, 0x00000000},
	{SUM, 0x80000000, 0x00000000, 0, 0x00000000},
	{PRODUCT, 0x00000000, 0xbf800000, 0, 0x80000000},
	{SUM, 0x3f800000, 0xbf800000, 0, 0x00000000},
	{QUOTIENT, 0x3fbd09ab, 0x3f8cde6e, 0, 0x3fabc4bd},
	{QUOTIENT, 0x3fab2876, 0x3fb63c5f, 0, 0x3f707031},
	{QUOTIENT, 0x41b1dae4, 0xc35488a1, 0, 0xbdd63aa2},
	{QUOTIENT, 0xac84e721, 0xa98597fd, 0, 0x427ead18},
	{CONVERTED, 16777217, 0, 0, 0x4b800000},
	{CONVERTED, 16777219, 0, 0, 0x4b800002},
};

enum {
	VECTORS = sizeof(vectors) / sizeof(*vectors),
	RANDOM = 8192,
	ALL = VECTORS + RANDOM
};

/* A number of magnitude 2^-20 to 2^20, of either sign, from a small generator. */
static cl_uint draw(uint64_t *state)
{
	cl_uint word, exponent;

	*state = *state * 6364136223846793005u + 1442695040888963407u;
	word = (cl_uint)(*state >> 32);
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	exponent = 107 + (cl_uint)(*state >> 32) % 40;
	return (word & 0x807fffffu) | exponent << 23;
}

static void draw_operands(cl_uint (*operands)[3])
{
	uint64_t state = 1;
	size_t i, j;

	for (i = 0; i < VECTORS; ++i) {
		operands[i][0] = vectors[i].a;
		operands[i][1] = vectors[i].b;
		operands[i][2] = vectors[i].c;
	}
	for (; i < ALL; ++i) {
		for (j = 0; j < 3; ++j)
			operands[i][j] = draw(&state);
		operands[i][0] &= 0x7fffffffu; /* has a root */
	}
}

/* This processor's answer; every line rounds once. */
static cl_uint host_answer(enum ut_ocl_probe_column column,
			   const cl_uint operands[3])
{
	float a = as_float(operands[0]);
	float b = as_float(operands[1]);
	float c = as_float(operands[2]);
	float product = a * b, sum = a + b;

	switch (column) {
	case FUSED:
		return as_uint(ut_fma(a, b, c));
	case SEPARATE:
		return as_uint(product + c);
	case SUM:
		return as_uint(sum);
	case SUM_BACK:
		return as_uint(sum - b);
	case PRODUCT:
		return as_uint(product);
	case QUOTIENT:
		return as_uint(a / b);
	case ROOT:
		return as_uint(sqrtf(a));
	default:
		return as_uint((float)(int32_t)operands[0]);
	}
}

static cl_uint host_sum(cl_uint (*operands)[3])
{
	float sum = 0.0f;
	size_t i;

	for (i = 0; i < 3 * ALL; ++i)
		sum = sum + as_float(operands[i / 3][i % 3]);
	return as_uint(sum);
}

/* Which columns differ in any vector, one bit each. */
static unsigned compare(cl_uint (*operands)[3], cl_uint (*results)[COLUMNS],
			cl_uint sum)
{
	unsigned wrong = 0, column;
	size_t i;

	for (i = 0; i < VECTORS; ++i)
		if (results[i][vectors[i].column] != vectors[i].expected)
			wrong |= 1u << vectors[i].column;
	for (; i < ALL; ++i)
		for (column = 0; column < COLUMNS; ++column)
			if (results[i][column] !=
			    host_answer(column, operands[i]))
				wrong |= 1u << column;
	if (sum != host_sum(operands))
		wrong |= 1u << ORDER;
	return wrong;
}

/* Runs one of the kernels over n elements of the operands. */
static cl_int run(struct ut_ocl *ocl, cl_program program, const char *name,
		  cl_mem operands, cl_ulong n, size_t items, size_t bytes,
		  void *results)
{
	size_t group = ocl->tunables.gpu_shape ? ocl->tunables.group : 1;
	cl_kernel kernel;
	cl_mem out = NULL;
	cl_int code;

	items = ut_ocl_divide_up(items, group) * group;
	kernel = clCreateKernel(program, name, &code);
	if (!code)
		out = clCreateBuffer(ocl->context, CL_MEM_WRITE_ONLY, bytes,
				     NULL, &code);
	if (!code)
		code = clSetKernelArg(kernel, 0, sizeof(operands), &operands);
	if (!code)
		code = clSetKernelArg(kernel, 1, sizeof(out), &out);
	if (!code)
		code = clSetKernelArg(kernel, 2, sizeof(n), &n);
	if (!code)
		code = clEnqueueNDRangeKernel(ocl->queue, kernel, 1, NULL,
					      &items, &group, 0, NULL, NULL);
	if (!code)
		code = clEnqueueReadBuffer(ocl->queue, out, CL_TRUE, 0, bytes,
					   results, 0, NULL, NULL);
	if (out)
		clReleaseMemObject(out);
	if (kernel)
		clReleaseKernel(kernel);
	return code;
}

/* Runs both kernels over all operands. */
static cl_int run_all(struct ut_ocl *ocl, cl_program program,
		      cl_uint (*operands)[3], cl_uint (*results)[COLUMNS],
		      cl_uint *sum)
{
	const struct ut_ocl_tunables *t = &ocl->tunables;
	size_t items = t->gpu_shape ? ALL : ut_ocl_divide_up(ALL, t->span);
	cl_int code;
	cl_mem in = clCreateBuffer(ocl->context,
				   CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR,
				   ALL * sizeof(*operands), operands, &code);

	if (!code)
		code = run(ocl, program, "probe", in, ALL, items,
			   ALL * sizeof(*results), results);
	if (!code)
		code = run(ocl, program, "probe_order", in, 3 * ALL, 1,
			   sizeof(*sum), sum);
	if (in)
		clReleaseMemObject(in);
	return code;
}

/* Builds and runs the probe; *wrong gets a bit for every column that differs. */
static enum ut_status ask(struct ut_ocl *ocl, unsigned *wrong,
			  struct ut_error *error)
{
	static const char *const names[] = {"probe", NULL};
	cl_uint(*operands)[3] = malloc(ALL * sizeof(*operands));
	cl_uint(*results)[COLUMNS] = malloc(ALL * sizeof(*results));
	enum ut_status status = UT_OK;
	cl_program program = NULL;
	cl_uint sum;
	cl_int code;

	if (!operands || !results)
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	if (!status)
		status = ut_ocl_program_build(ocl, names, &program, error);
	if (!status) {
		draw_operands(operands);
		code = run_all(ocl, program, operands, results, &sum);
		if (code)
			status = ut_ocl_error_set(error, code, "run the probe");
		else
			*wrong = compare(operands, results, sum);
		clReleaseProgram(program);
	}
	free(operands);
	free(results);
	return status;
}

/*
 * Whether the device says that division and root are exact. Some are wrong a few
 * times in 2^27 operands: no sample would find that.
 */
static bool promises_rounding(const struct ut_ocl *ocl)
{
	cl_device_fp_config config = 0;

	clGetDeviceInfo(ocl->id, CL_DEVICE_SINGLE_FP_CONFIG, sizeof(config),
			&config, NULL);
	return config & CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT;
}

enum ut_status ut_ocl_probe(struct ut_ocl *ocl, struct ut_error *error)
{
	const unsigned repairable = 1u << QUOTIENT | 1u << ROOT;
	enum ut_status status;
	unsigned wrong, column;

	/* processors have an instruction for it, whatever their driver says */
	if (ocl->tunables.gpu_shape && !promises_rounding(ocl))
		ocl->tunables.soft_divide = true;
	status = ask(ocl, &wrong, error);
	if (status || !wrong)
		return status;
	if (!(wrong & ~repairable)) {
		ocl->tunables.soft_divide = true;
		status = ask(ocl, &wrong, error);
		if (status || !wrong)
			return status;
	}
	for (column = 0; !(wrong >> column & 1); ++column)
		;
	return ut_error_set(error, UT_DEVICE,
			    "the device does not keep the "
			    "arithmetic contract, %s (docs/ARITHMETIC.md)",
			    clauses[column]);
}
