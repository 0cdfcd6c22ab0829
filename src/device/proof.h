/*
 * What is known of a device's arithmetic, and how that is kept between starts. A
 * backend whose device is to be proven names the key in its open; it takes over
 * what was kept under it, or finds out about the primitives itself. selftest.c
 * then proves the operations.
 */
#ifndef UT_PROOF_H
#define UT_PROOF_H

#include "base/fingerprint.h"
#include "device/primitives.h"

/* Exact ways around what a device does wrong, or slowly. */
enum ut_repair {
	UT_REPAIR_DIVIDE = 1, /* division and root from integers */
	UT_REPAIR_FMA = 2,    /* fma from sums and products */
	UT_REPAIR_GUARD = 4,  /* products are kept from being fused */
	UT_REPAIR_ALL = 7,
};

struct ut_proof {
	bool anew;  /* what was kept is not to be used */
	bool known; /* from what was kept: nothing is left to prove */
	unsigned
		repairs; /* before opening those to use at least, then those in use */
	bool wanted;                   /* the operations are to be proven */
	char key[UT_FINGERPRINT_TEXT]; /* of what is kept; empty: nothing is */
	struct ut_primitive_proof primitives[UT_PRIMITIVES];
};

/*
 * Takes over what was kept under proof.key: repairs, and info's bit_exact and
 * flaw. False when there is nothing, or it is not to be used.
 */
bool ut_proof_load(struct ut_proof *proof, struct ut_device_info *info);

/* Keeps the same. */
void ut_proof_store(const struct ut_proof *proof,
		    const struct ut_device_info *info);

/* Says in info, unless another flaw is there, that the device is not exact. */
void ut_proof_flaw(struct ut_device_info *info, unsigned clause,
		   const char *what, const char *found);

#endif
