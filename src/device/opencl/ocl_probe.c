/*
 * What a device must compute exactly before it is used: which primitives it does
 * right, and which of the exact ways around those that it does not.
 */
#include "ocl_probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* The device's own fma must take this many times longer to be given up. */
static const double slow = 1.5;

static cl_device_fp_config promises(const struct ut_ocl *ocl)
{
	cl_device_fp_config config = 0;

	clGetDeviceInfo(ocl->id, CL_DEVICE_SINGLE_FP_CONFIG, sizeof(config),
			&config, NULL);
	return config;
}

/* UNDERTONE_REPAIRS: ways around that are to be taken, needed or not. */
static enum ut_status read_asked(unsigned *repairs, struct ut_error *error)
{
	static const struct {
		const char *name;
		enum ut_repair repair;
	} known[] = {
		{"divide", UT_REPAIR_DIVIDE},
		{"fma", UT_REPAIR_FMA},
		{"guard", UT_REPAIR_GUARD},
	};
	enum { KNOWN = sizeof(known) / sizeof(*known) };
	const char *asked = getenv("UNDERTONE_REPAIRS");
	struct ut_list words = {0};
	size_t i, j;

	if (!ut_list_split(&words, asked ? asked : ""))
		return ut_error_set(error, UT_MEMORY, "out of memory");
	for (i = 0; i < words.count; ++i) {
		for (j = 0; j < KNOWN; ++j)
			if (!strcmp(words.items[i], known[j].name))
				break;
		if (j == KNOWN)
			break;
		*repairs |= known[j].repair;
	}
	if (i < words.count)
		ut_error_set(error, UT_INVALID,
			     "UNDERTONE_REPAIRS has \"%s\"; it is a list of "
			     "divide, fma and guard",
			     words.items[i]);
	j = words.count;
	ut_list_release(&words);
	return i < j ? UT_INVALID : UT_OK;
}

/* "of 3f800800, ... came 0, not 33800000" */
static void tell(struct ut_primitive_proof *proof,
		 const struct ocl_probe_answers *answers, unsigned column)
{
	const cl_uint *operands = answers->operands[column];

	if (column == OCL_PROBE_ORDER)
		snprintf(proof->found, sizeof(proof->found), "%08x, not %08x",
			 answers->got[column], answers->expected[column]);
	else
		snprintf(proof->found, sizeof(proof->found),
			 "of %08x, %08x, %08x came %08x, not %08x", operands[0],
			 operands[1], operands[2], answers->got[column],
			 answers->expected[column]);
}

/* A primitive that has no way around, or whose way around is in use. */
static void judge(struct ut_device *device, enum ut_primitive primitive,
		  const struct ocl_probe_answers *answers, unsigned column)
{
	struct ut_primitive_proof *proof = &device->proof.primitives[primitive];

	if (!answers->wrong[column])
		return;
	proof->verdict = UT_WRONG;
	tell(proof, answers, column);
	ut_proof_flaw(&device->info, ut_primitive_clause(primitive),
		      ut_primitive_name(primitive), proof->found);
}

/* The same of one whose own way, `before`, was given up for another, `column`. */
static void judge_mended(struct ut_device *device, enum ut_primitive primitive,
			 const struct ocl_probe_answers *before,
			 unsigned own_column,
			 const struct ocl_probe_answers *answers,
			 unsigned column, const char *how)
{
	struct ut_primitive_proof *proof = &device->proof.primitives[primitive];
	char found[sizeof(proof->found)];

	if (answers->wrong[column] || !before->wrong[own_column]) {
		snprintf(proof->found, sizeof(proof->found), "%s", how);
		judge(device, primitive, answers, column);
		return;
	}
	proof->verdict = UT_MENDED;
	tell(proof, before, own_column);
	snprintf(found, sizeof(found), "%s: %.*s", how,
		 (int)(sizeof(found) - strlen(how) - 3), proof->found);
	memcpy(proof->found, found, sizeof(found));
}

static void judge_all(struct ut_device *device, const struct ut_ocl *ocl,
		      const struct ocl_probe_answers *bare,
		      const struct ocl_probe_answers *answers)
{
	const unsigned repairs = ocl->repairs;
	char how[64] = "from sums and products";
	unsigned p;

	for (p = 0; p < UT_PRIMITIVES; ++p)
		device->proof.primitives[p] =
			(struct ut_primitive_proof){.tried = true};
	judge(device, UT_PRIMITIVE_SUM, answers, OCL_PROBE_SUM);
	judge(device, UT_PRIMITIVE_SUM_BACK, answers, OCL_PROBE_SUM_BACK);
	judge(device, UT_PRIMITIVE_PRODUCT, answers, OCL_PROBE_PRODUCT);
	judge(device, UT_PRIMITIVE_CONVERTED, answers, OCL_PROBE_CONVERTED);
	judge(device, UT_PRIMITIVE_ORDER, answers, OCL_PROBE_ORDER);
	if (repairs & UT_REPAIR_GUARD)
		judge_mended(device, UT_PRIMITIVE_SEPARATE, bare,
			     OCL_PROBE_SEPARATE, answers, OCL_PROBE_SEPARATE,
			     "guarded");
	else
		judge(device, UT_PRIMITIVE_SEPARATE, answers,
		      OCL_PROBE_SEPARATE);
	if (bare->slowness > slow)
		snprintf(how, sizeof(how),
			 "from sums and products: %.1f times as fast",
			 bare->slowness);
	if (repairs & UT_REPAIR_FMA)
		judge_mended(device, UT_PRIMITIVE_FMA, bare, OCL_PROBE_FMA,
			     answers, OCL_PROBE_SOFT_FMA, how);
	else
		judge(device, UT_PRIMITIVE_FMA, answers, OCL_PROBE_FMA);
	if (!(repairs & UT_REPAIR_DIVIDE)) {
		judge(device, UT_PRIMITIVE_QUOTIENT, answers,
		      OCL_PROBE_QUOTIENT);
		judge(device, UT_PRIMITIVE_ROOT, answers, OCL_PROBE_ROOT);
		return;
	}
	judge_mended(device, UT_PRIMITIVE_QUOTIENT, bare, OCL_PROBE_QUOTIENT,
		     answers, OCL_PROBE_SOFT_QUOTIENT, "in integers");
	judge_mended(device, UT_PRIMITIVE_ROOT, bare, OCL_PROBE_ROOT, answers,
		     OCL_PROBE_SOFT_ROOT, "in integers");
}

/*
 * The ways around that are needed, or pay. Some dividers are wrong a few times in
 * 2^27 operands, which no sample would find: a driver's promise is asked for, except
 * of processors, which have an instruction for it whatever their driver says.
 */
static unsigned choose(const struct ut_ocl *ocl,
		       const struct ocl_probe_answers *bare)
{
	unsigned repairs = 0;

	if (bare->wrong[OCL_PROBE_SEPARATE])
		repairs |= UT_REPAIR_GUARD;
	if (bare->wrong[OCL_PROBE_FMA] || bare->slowness > slow)
		repairs |= UT_REPAIR_FMA;
	if (bare->wrong[OCL_PROBE_QUOTIENT] || bare->wrong[OCL_PROBE_ROOT] ||
	    (ocl->tunables.gpu_shape &&
	     !(promises(ocl) & CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT)))
		repairs |= UT_REPAIR_DIVIDE;
	return repairs;
}

static enum ut_status probe(struct ut_device *device, struct ut_ocl *ocl,
			    struct ut_error *error)
{
	/* who promises fma has an instruction for it */
	const bool timed = !(promises(ocl) & CL_FP_FMA);
	const unsigned asked = ocl->repairs;
	struct ocl_probe_answers bare, answers;
	enum ut_status status;

	status = ut_ocl_ask(ocl, timed, &bare, error);
	if (status)
		return status;
	ocl->repairs = asked | choose(ocl, &bare);
	answers = bare;
	if (ocl->repairs & ~asked & UT_REPAIR_GUARD)
		status = ut_ocl_ask(ocl, false, &answers, error);
	if (!status)
		judge_all(device, ocl, &bare, &answers);
	return status;
}

enum ut_status ut_ocl_prove(struct ut_device *device, struct ut_ocl *ocl,
			    struct ut_error *error)
{
	struct ut_proof *proof = &device->proof;
	unsigned asked = proof->repairs;
	struct ut_text what = {0};
	enum ut_status status = read_asked(&asked, error);

	if (status)
		return status;
	ut_text_append(&what, "proof %u ", asked);
	ut_ocl_tuning_write(&ocl->tunables, &what);
	if (!ut_ocl_kernels_folder())
		ut_ocl_key(ocl, ut_text_string(&what), proof->key);
	ut_text_release(&what);
	proof->repairs = asked;
	if (!ut_proof_load(proof, &device->info)) {
		ocl->repairs = asked;
		status = probe(device, ocl, error);
		proof->repairs = ocl->repairs;
	}
	ocl->repairs = proof->repairs;
	proof->wanted = !ocl->tunables.fast_math && !*device->info.library;
	return status;
}
