/* Running the kernels of probe.cl, and comparing what comes back. */
#include "ocl_probe.h"

#include <stdlib.h>

#include "base/clock.h"

static const enum ut_primitive primitive_of[OCL_PROBES] = {
	[OCL_PROBE_FMA] = UT_PRIMITIVE_FMA,
	[OCL_PROBE_SOFT_FMA] = UT_PRIMITIVE_FMA,
	[OCL_PROBE_SEPARATE] = UT_PRIMITIVE_SEPARATE,
	[OCL_PROBE_SUM] = UT_PRIMITIVE_SUM,
	[OCL_PROBE_SUM_BACK] = UT_PRIMITIVE_SUM_BACK,
	[OCL_PROBE_PRODUCT] = UT_PRIMITIVE_PRODUCT,
	[OCL_PROBE_QUOTIENT] = UT_PRIMITIVE_QUOTIENT,
	[OCL_PROBE_SOFT_QUOTIENT] = UT_PRIMITIVE_QUOTIENT,
	[OCL_PROBE_ROOT] = UT_PRIMITIVE_ROOT,
	[OCL_PROBE_SOFT_ROOT] = UT_PRIMITIVE_ROOT,
	[OCL_PROBE_CONVERTED] = UT_PRIMITIVE_CONVERTED,
	[OCL_PROBE_ORDER] = UT_PRIMITIVE_ORDER,
};

enum {
	ALL = UT_PRIMITIVE_SETS,
	WIDE = 2, /* results of LANES that probe_wide and probe_separate have */
	LANES = 8,
	/* for the clock: work-items, and the length of their chains */
	CHAINS = 128,
	LINKS = 200,
	TRIES = 3
};

struct sheet {
	cl_uint operands[ALL][3];
	cl_uint results[ALL][OCL_PROBE_COLUMNS];
	cl_uint wide[ALL / LANES][WIDE][LANES];
	cl_uint separate[ALL / LANES][WIDE][LANES];
	cl_uint sum;
};

struct probe {
	struct ut_ocl *ocl;
	cl_program program;
	cl_mem in;
};

/*
 * Runs one of the kernels over n elements of the operands; its results go to the
 * host. *seconds, if there, becomes what the kernel took if that is less.
 */
static cl_int run(const struct probe *probe, const char *name, cl_ulong n,
		  size_t items, size_t bytes, void *results, double *seconds)
{
	struct ut_ocl *ocl = probe->ocl;
	size_t group = ocl->tunables.gpu_shape ? ocl->tunables.group : 1;
	cl_mem out = NULL;
	cl_kernel kernel;
	double start;
	cl_int code;

	items = ut_ocl_round_up(items, group);
	kernel = clCreateKernel(probe->program, name, &code);
	if (!code)
		out = clCreateBuffer(ocl->context, CL_MEM_READ_WRITE, bytes,
				     NULL, &code);
	if (!code)
		code = clSetKernelArg(kernel, 0, sizeof(probe->in), &probe->in);
	if (!code)
		code = clSetKernelArg(kernel, 1, sizeof(out), &out);
	if (!code)
		code = clSetKernelArg(kernel, 2, sizeof(n), &n);
	start = ut_clock_now();
	if (!code)
		code = clEnqueueNDRangeKernel(ocl->queue, kernel, 1, NULL,
					      &items, &group, 0, NULL, NULL);
	if (!code)
		code = ut_ocl_drain(ocl);
	if (seconds && ut_clock_now() - start < *seconds)
		*seconds = ut_clock_now() - start;
	if (!code && results)
		code = clEnqueueReadBuffer(ocl->queue, out, CL_TRUE, 0, bytes,
					   results, 0, NULL, NULL);
	ocl->lost = ut_ocl_is_loss(code);
	if (out && !ocl->lost)
		clReleaseMemObject(out);
	if (kernel && !ocl->lost)
		clReleaseKernel(kernel);
	return code;
}

static cl_int run_all(const struct probe *probe, struct sheet *sheet)
{
	const struct ut_ocl_tunables *t = &probe->ocl->tunables;
	size_t items = t->gpu_shape ? ALL : ut_ocl_divide_up(ALL, t->span);
	cl_int code = run(probe, "probe", ALL, items, sizeof(sheet->results),
			  sheet->results, NULL);

	if (!code)
		code = run(probe, "probe_wide", ALL, items, sizeof(sheet->wide),
			   sheet->wide, NULL);
	if (!code)
		code = run(probe, "probe_separate", ALL, items,
			   sizeof(sheet->separate), sheet->separate, NULL);
	if (!code)
		code = run(probe, "probe_order", 3 * (cl_ulong)ALL, 1,
			   sizeof(sheet->sum), &sheet->sum, NULL);
	return code;
}

/* The shortest of some tries each, after one that may have to be compiled. */
static cl_int time_chains(const struct probe *probe, double *slowness)
{
	const size_t bytes = ut_ocl_round_up(CHAINS, 256) * LANES * 4;
	double seconds[2] = {1e9, 1e9};
	cl_int code = CL_SUCCESS;
	int i;

	for (i = 0; i < 2 * (TRIES + 1) && !code; ++i)
		code = run(probe, i % 2 ? "probe_soft_chain" : "probe_chain",
			   i < 2 ? 1 : LINKS, CHAINS, bytes, NULL,
			   i < 2 ? NULL : &seconds[i % 2]);
	*slowness = seconds[1] > 0 ? seconds[0] / seconds[1] : 0;
	return code;
}

static void note(struct ocl_probe_answers *answers, unsigned column, size_t i,
		 const cl_uint operands[3], cl_uint got, cl_uint expected)
{
	if (answers->wrong[column] || ut_primitive_same(i, got, expected))
		return;
	answers->wrong[column] = true;
	answers->got[column] = got;
	answers->expected[column] = expected;
	answers->operands[column][0] = operands[0];
	answers->operands[column][1] = operands[1];
	answers->operands[column][2] = operands[2];
}

/* What the kernels made of set i under a column: one or two answers. */
static unsigned answers_of(const struct sheet *sheet, unsigned column, size_t i,
			   cl_uint got[2])
{
	if (column == OCL_PROBE_SEPARATE) {
		got[0] = sheet->separate[i / LANES][0][i % LANES];
		got[1] = sheet->separate[i / LANES][1][i % LANES];
		return 2;
	}
	got[0] = sheet->results[i][column];
	if (column < WIDE)
		got[1] = sheet->wide[i / LANES][column][i % LANES];
	return column < WIDE ? 2 : 1;
}

static void compare(struct sheet *sheet, struct ocl_probe_answers *answers)
{
	const cl_uint none[3] = {0};
	unsigned column, count;
	size_t i;

	for (column = 0; column < OCL_PROBES; ++column)
		for (i = 0; i < ALL && column != OCL_PROBE_ORDER; ++i) {
			enum ut_primitive p = primitive_of[column];
			cl_uint got[2], expected;

			if (!ut_primitive_counts(p, i))
				continue;
			expected =
				ut_primitive_answer(p, i, sheet->operands[i]);
			count = answers_of(sheet, column, i, got);
			while (count--)
				note(answers, column, i, sheet->operands[i],
				     got[count], expected);
		}
	note(answers, OCL_PROBE_ORDER, 0, none, sheet->sum,
	     ut_primitive_sum(sheet->operands));
}

enum ut_status ut_ocl_ask(struct ut_ocl *ocl, bool timed,
			  struct ocl_probe_answers *answers,
			  struct ut_error *error)
{
	static const char *const names[] = {"probe", NULL};
	struct sheet *sheet = malloc(sizeof(*sheet));
	struct probe probe = {.ocl = ocl};
	enum ut_status status = UT_OK;
	cl_int code;

	*answers = (struct ocl_probe_answers){.slowness = 0};
	if (!sheet)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	status = ut_ocl_program_build(ocl, names, &probe.program, error);
	if (!status) {
		ut_primitive_operands(sheet->operands);
		probe.in =
			clCreateBuffer(ocl->context,
				       CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR,
				       sizeof(sheet->operands), sheet->operands,
				       &code);
		if (!code)
			code = run_all(&probe, sheet);
		if (!code && timed)
			code = time_chains(&probe, &answers->slowness);
		if (code)
			status = ut_ocl_error_set(error, code, "run the probe");
		else
			compare(sheet, answers);
		if (probe.in && !ocl->lost)
			clReleaseMemObject(probe.in);
		if (!ocl->lost)
			clReleaseProgram(probe.program);
	}
	free(sheet);
	return status;
}
