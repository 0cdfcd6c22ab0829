/* The kernels of probe.cl at work: what a device computes, and how fast. */
#ifndef UT_OCL_PROBE_H
#define UT_OCL_PROBE_H

#include "device/primitives.h"
#include "ocl.h"

/* The columns of probe.cl, and those that have kernels of their own. */
enum ocl_probe_column {
	OCL_PROBE_FMA,
	OCL_PROBE_SOFT_FMA,
	OCL_PROBE_SUM,
	OCL_PROBE_SUM_BACK,
	OCL_PROBE_PRODUCT,
	OCL_PROBE_QUOTIENT,
	OCL_PROBE_SOFT_QUOTIENT,
	OCL_PROBE_ROOT,
	OCL_PROBE_SOFT_ROOT,
	OCL_PROBE_CONVERTED,
	OCL_PROBE_COLUMNS,
	OCL_PROBE_ORDER = OCL_PROBE_COLUMNS,
	OCL_PROBE_SEPARATE,
	OCL_PROBES
};

/* The first answer of each that is not the host's. */
struct ocl_probe_answers {
	bool wrong[OCL_PROBES];
	cl_uint operands[OCL_PROBES][3], got[OCL_PROBES], expected[OCL_PROBES];
	/* How much longer the device's own fma takes than that from sums. */
	double slowness;
};

/*
 * Builds and runs the probe as ocl->repairs say; with timed, slowness is measured,
 * else it is 0.
 */
enum ut_status ut_ocl_ask(struct ut_ocl *ocl, bool timed,
			  struct ocl_probe_answers *answers,
			  struct ut_error *error);

#endif
