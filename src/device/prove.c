/* Proving a device when it is met first, and when somebody asks. */
#include <stdlib.h>
#include <string.h>

#include "device/backend.h"
#include "device/selftest.h"

const char *ut_clause_name(unsigned clause)
{
	static const char *const names[] = {
		"moving and counting",
		"one rounding a statement",
		"order by shape alone",
		"no built-in functions",
		"clean operands",
		"counted randomness",
		"images",
		"NaN and infinities",
		"fingerprints of trainings",
	};

	return clause < sizeof(names) / sizeof(*names) ? names[clause] : "?";
}

static enum ut_status reopen(struct ut_device *device, unsigned repairs,
			     struct ut_error *error)
{
	if (device->state)
		device->backend->close(device);
	device->latched = (struct ut_error){0};
	device->proof.repairs = repairs;
	device->proof.anew = true;
	device->info.bit_exact = true;
	device->info.flaw[0] = '\0';
	return device->backend->open(device, error);
}

/*
 * A driver may do in a kernel what it did not do in the probe's. So if operations
 * are wrong, all ways around that might help are tried; if none does, it is used
 * as it was.
 */
static enum ut_status prove_operations(struct ut_device *device,
				       struct ut_error *error)
{
	static const unsigned more[] = {UT_REPAIR_GUARD, UT_REPAIR_ALL};
	const unsigned first = device->proof.repairs;
	struct ut_device_info found;
	struct ut_error why;
	enum ut_status status;
	size_t i;

	status = ut_selftest_operations(device, NULL, NULL, error);
	if (status || device->info.bit_exact)
		return status;
	found = device->info;
	for (i = 0; i < 2; ++i) {
		if ((first | more[i]) == device->proof.repairs)
			continue;
		/* what does not even run is no way around */
		if (!reopen(device, first | more[i], &why) &&
		    device->info.bit_exact &&
		    !ut_selftest_operations(device, NULL, NULL, &why) &&
		    device->info.bit_exact)
			return UT_OK;
	}
	if (device->proof.repairs != first)
		status = reopen(device, first, error);
	device->info.bit_exact = false;
	memcpy(device->info.flaw, found.flaw, sizeof(found.flaw));
	return status;
}

static void tell_primitives(const struct ut_device *device,
			    ut_selftest_told told, void *user)
{
	unsigned p;

	for (p = 0; p < UT_PRIMITIVES; ++p) {
		const struct ut_primitive_proof *proof =
			&device->proof.primitives[p];
		const struct ut_selftest_line line = {
			.clause = ut_primitive_clause(p),
			.what = ut_primitive_name(p),
			.verdict = proof->verdict,
			.found = proof->found,
		};

		if (proof->tried)
			told(user, &line);
	}
}

static enum ut_status prove_host(struct ut_device *device,
				 struct ut_error *error)
{
	const struct ut_primitive_proof *proofs = device->proof.primitives;
	unsigned p;

	if (!ut_primitives_prove_host(device->proof.primitives))
		return ut_error_set(error, UT_MEMORY, "out of memory");
	for (p = 0; p < UT_PRIMITIVES; ++p)
		if (proofs[p].verdict == UT_WRONG)
			ut_proof_flaw(&device->info, ut_primitive_clause(p),
				      ut_primitive_name(p), proofs[p].found);
	return UT_OK;
}

/* For those who open many devices and compare their numbers themselves. */
static bool is_off(void)
{
	const char *asked = getenv("UNDERTONE_SELFTEST");

	return asked && !strcmp(asked, "off");
}

enum ut_status ut_prove(struct ut_device *device, ut_selftest_told told,
			void *user, struct ut_error *error)
{
	struct ut_proof *proof = &device->proof;
	char key[UT_FINGERPRINT_TEXT];
	enum ut_status status = UT_OK;

	/* opening again changes it */
	memcpy(key, proof->key, sizeof(key));
	if (proof->wanted && !proof->known && !told && is_off()) {
		ut_proof_flaw(&device->info, 0, "UNDERTONE_SELFTEST is off",
			      "");
	} else if (proof->wanted && !proof->known) {
		if (device->info.bit_exact)
			status = prove_operations(device, error);
		memcpy(proof->key, key, sizeof(key));
		if (!status)
			ut_proof_store(proof, &device->info);
	}
	if (!status && told && device->info.kind == UT_KIND_HOST)
		status = prove_host(device, error);
	if (!status && told) {
		tell_primitives(device, told, user);
		status = ut_selftest_operations(device, told, user, error);
	}
	return status ? ut_error_prefix(error, "self-test of %s",
					device->info.name)
		      : UT_OK;
}

enum ut_status ut_selftest(const char *selector, ut_selftest_told told,
			   void *user, struct ut_device_info *info,
			   struct ut_error *error)
{
	struct ut_device *device;
	enum ut_status status;

	status =
		ut_device_open_anew(&device, selector, true, told, user, error);
	if (status)
		return status;
	*info = *ut_device_about(device);
	ut_device_close(device);
	return UT_OK;
}
