/* Verdicts on devices, kept between starts. */
#include "device/proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cache.h"

/* What a file holds, as it lies in memory: it is this machine's own. */
struct kept {
	char magic[8];
	uint32_t repairs, bit_exact;
	char flaw[2 * UT_DEVICE_TEXT];
};

static const char magic[8] = "utproof1";

enum { NAME_BYTES = UT_FINGERPRINT_TEXT + sizeof("proof-") };

static void name_of(const struct ut_proof *proof, char name[NAME_BYTES])
{
	snprintf(name, NAME_BYTES, "proof-%s", proof->key);
}

bool ut_proof_load(struct ut_proof *proof, struct ut_device_info *info)
{
	char name[NAME_BYTES], *data;
	struct kept kept;
	size_t bytes;

	if (proof->anew || !*proof->key)
		return false;
	name_of(proof, name);
	data = ut_cache_load(name, &bytes);
	if (!data || bytes != sizeof(kept) ||
	    memcmp(data, magic, sizeof(magic))) {
		free(data);
		return false;
	}
	memcpy(&kept, data, sizeof(kept));
	free(data);
	kept.flaw[sizeof(kept.flaw) - 1] = '\0';
	proof->repairs = kept.repairs & UT_REPAIR_ALL;
	proof->known = true;
	info->bit_exact = kept.bit_exact;
	memcpy(info->flaw, kept.flaw, sizeof(kept.flaw));
	return true;
}

void ut_proof_store(const struct ut_proof *proof,
		    const struct ut_device_info *info)
{
	struct kept kept = {
		.repairs = proof->repairs,
		.bit_exact = info->bit_exact,
	};
	char name[NAME_BYTES];

	if (!*proof->key)
		return;
	memcpy(kept.magic, magic, sizeof(magic));
	memcpy(kept.flaw, info->flaw, sizeof(kept.flaw));
	name_of(proof, name);
	ut_cache_store(name, &kept, sizeof(kept));
}

void ut_proof_flaw(struct ut_device_info *info, unsigned clause,
		   const char *what, const char *found)
{
	char of[24] = "";

	info->bit_exact = false;
	if (*info->flaw)
		return;
	if (clause)
		snprintf(of, sizeof(of), "clause %u, ", clause);
	snprintf(info->flaw, sizeof(info->flaw), "%s%s%s%s", of, what,
		 *found ? ": " : "", found);
}
