/*
 * The self-test: small problems on the device under test and on the host, side by
 * side, compared bit by bit as the operations go; then small trainings, of whose
 * weights the fingerprints are known.
 */
#include <undertone/selftest.h>

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <undertone/trace.h>

#include "device/backend.h"
#include "device/selftest.h"
#include "device/selftest_lane.h"
#include "device/selftest_log.h"

/*
 * What is to be proven: the operations, the clause each leans on most, and of
 * all that they write on the host in ut_selftest_layers and _others the low half
 * of the fingerprint, replica by replica. The numbers are those that the host
 * backend gave when all of its levels (baseline, v3, v4; gcc and clang), PoCL and
 * Intel's runtime, in both shapes, agreed; a host that differs is found by them.
 */
static const struct operation {
	const char *op;
	unsigned clause;
	uint64_t print;
} operations[] = {
	{"copy", 0, 0x1d0ed09aafd861f6},
	{"fill", 0, 0x7ab8c17b2acb72f0},
	{"linear_forward", 2, 0x52565ea98e6b8fb3},
	{"linear_data", 2, 0x09d4f04a8491dba8},
	{"linear_weights", 2, 0xc241e0462c68b7a0},
	{"conv_forward", 2, 0x4702ddc0f6e7b459},
	{"conv_data", 2, 0x6c724ead7381e4a5},
	{"conv_weights", 2, 0x4d5889385fdc8361},
	{"max_pool", 7, 0x3f973533ea6c8219},
	{"average_pool", 2, 0x3a85799111c29b8d},
	{"pool_data", 4, 0x199c270af36a6a34},
	{"random", 5, 0x827ae0518c733704},
	{"dropout", 5, 0x79a7dbc128df13f8},
	{"filter", 2, 0xbb7b49a914818472},
	{"octaves", 1, 0x74d6c5236555b8c5},
	{"blend", 1, 0xbf3cbf3c56cdd708},
	{"augment", 5, 0x99012d88b39d07d7},
	{"gather_images", 6, 0xe3a077308212d456},
	{"gather_labels", 6, 0x8222273ee460479d},
	{"cross_entropy", 3, 0xf4ec3a0da1c86cf3},
	{"distil", 3, 0x9f8aef90967104c1},
	{"moments", 2, 0x33454333ebb244e4},
	{"mean", 2, 0x129e933657f2b0f7},
	{"optimise", 3, 0xa0e6ee9c1c979443},
	{"argmax", 7, 0x00e455e067b63c74},
	{"count_equal", 0, 0x39bd59b869f59896},
	{"check_finite", 7, 0xb1eea4996e23894e},
	{"fma_chain", 1, 0xc33751e1bf8e6226},
};

enum { OPERATIONS = sizeof(operations) / sizeof(*operations) };

/*
 * The trainings. The fingerprints are those of contrib/contract.py, too, which
 * was written from docs/ARITHMETIC.md alone.
 */
static const struct training {
	const char *name;
	enum ut_status (*run)(struct selftest_lane *lane,
			      struct ut_fingerprint *print,
			      struct ut_error *error);
	struct ut_fingerprint print;
} trainings[] = {
	{"MLP", ut_selftest_mlp, {0x7c9d452bdc13fb5f, 0xb96a2484e06c2fd9}},
	{"CNN", ut_selftest_cnn, {0x1db6af111ef801e5, 0x732445d5573509b9}},
};

enum { TRAININGS = sizeof(trainings) / sizeof(*trainings), HOST = 0, TESTED };

enum { FOUND_BYTES = 160, FINGERPRINTS = 8 }; /* the clause */

struct selftest {
	/* The host's, and the tested device's unless that is the host. */
	struct selftest_lane lanes[2];
	struct selftest_log logs[2];
	int count;
	void *memory[SELFTEST_TYPES]; /* what the lanes start from */
	void *after[2];               /* what is in one of them after a case */
	struct ut_fingerprinter prints[OPERATIONS]; /* of the host's outputs */
	bool seen[OPERATIONS];
	char found[OPERATIONS + TRAININGS][FOUND_BYTES]; /* empty: proven */
};

/* Lanes --------------------------------------------------------------------- */

static void release_lane(struct selftest_lane *lane)
{
	int type;

	for (type = 0; type < SELFTEST_TYPES; ++type)
		ut_buffer_free(lane->arena[type]);
}

static enum ut_status make_lane(struct selftest_lane *lane,
				struct ut_device *device,
				struct ut_error *error)
{
	int type;

	lane->device = device;
	for (type = 0; type < SELFTEST_TYPES; ++type) {
		lane->arena[type] =
			ut_buffer_new(device, type, ut_selftest_arena(type));
		if (!lane->arena[type])
			return ut_device_finish(device, error);
	}
	return UT_OK;
}

/* Memory as at first. */
static void reset_lane(const struct selftest *t, struct selftest_lane *lane)
{
	int type;

	for (type = 0; type < SELFTEST_TYPES; ++type) {
		ut_buffer_write(lane->arena[type], 0, ut_selftest_arena(type),
				t->memory[type]);
		lane->used[type] = 0;
	}
}

/* Findings ------------------------------------------------------------------ */

static size_t operation_of(const char *op)
{
	size_t i = 0;

	while (i < OPERATIONS && strcmp(operations[i].op, op))
		++i;
	assert(i < OPERATIONS && "the table has every operation");
	return i;
}

static bool is_proven(const struct selftest *t)
{
	size_t i;

	for (i = 0; i < OPERATIONS + TRAININGS; ++i)
		if (*t->found[i])
			return false;
	return true;
}

/* The first thing that was found of an operation stays. */
static void find(struct selftest *t, const char *op, const char *found)
{
	char *to = t->found[operation_of(op)];

	if (!*to)
		snprintf(to, FOUND_BYTES, "%s", found);
}

/* Adds what the host wrote to its operations' fingerprints. */
static void take_prints(struct selftest *t)
{
	const struct selftest_log *log = &t->logs[HOST];
	size_t i;

	for (i = 0; i < log->count; ++i) {
		const struct selftest_entry *e = &log->entries[i];
		size_t op = operation_of(e->op);

		if (!t->seen[op])
			ut_fingerprint_init(&t->prints[op]);
		t->seen[op] = true;
		ut_fingerprint_update(&t->prints[op], log->bytes.data + e->at,
				      e->count * ut_type_bytes(e->type));
	}
}

static void check_prints(struct selftest *t)
{
	size_t i;

	for (i = 0; i < OPERATIONS; ++i) {
		uint64_t print;
		char found[FOUND_BYTES];

		if (!t->seen[i]) {
			find(t, operations[i].op, "it was not tried");
			continue;
		}
		print = ut_fingerprint_finish(&t->prints[i]).low;
		if (print == operations[i].print)
			continue;
		snprintf(found, sizeof(found),
			 "the host's results have fingerprint %016" PRIx64
			 ", not %016" PRIx64,
			 print, operations[i].print);
		find(t, operations[i].op, found);
	}
}

/* Whether a case did more to memory than its operations' outputs. */
static enum ut_status compare_memory(struct selftest *t, bool *differs,
				     struct ut_error *error)
{
	enum ut_status status = UT_OK;
	int type, lane;

	*differs = false;
	for (type = 0; type < SELFTEST_TYPES && !status; ++type) {
		size_t count = ut_selftest_arena(type);

		for (lane = 0; lane < 2 && !status; ++lane)
			status = ut_buffer_read(t->lanes[lane].arena[type], 0,
						count, t->after[lane], error);
		if (!status && ut_selftest_differs(type, count, t->after[HOST],
						   t->after[TESTED]) != count)
			*differs = true;
	}
	return status;
}

/* Running ------------------------------------------------------------------- */

static enum ut_status logs_hold(const struct selftest *t,
				struct ut_error *error)
{
	if (t->logs[HOST].failed || t->logs[TESTED].failed)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	return UT_OK;
}

/* Where the logs part; true if they do. */
static bool compare_logs(struct selftest *t)
{
	char found[FOUND_BYTES];
	const char *op = NULL;

	if (t->count > 1)
		ut_selftest_compare(&t->logs[HOST], &t->logs[TESTED], &op,
				    found, sizeof(found));
	if (op)
		find(t, op, found);
	return op;
}

/* Runs a case on the lanes; all of memory is in the logs, too, if closely. */
static enum ut_status run_lanes(struct selftest *t,
				const struct selftest_case *c, bool closely,
				struct ut_error *error)
{
	enum ut_status status = UT_OK;
	int i;

	for (i = 0; i < t->count && !status; ++i) {
		struct selftest_lane *lane = &t->lanes[i];

		ut_selftest_log_clear(&t->logs[i]);
		t->logs[i].memory = closely ? lane->arena : NULL;
		t->logs[i].memories = SELFTEST_TYPES;
		reset_lane(t, lane);
		status = ut_selftest_watch(lane->device, &t->logs[i], error);
		if (!status)
			c->run(lane);
		ut_device_trace(lane->device, NULL, NULL, NULL);
		if (!status)
			status = ut_device_finish(lane->device, error);
	}
	t->logs[HOST].memory = t->logs[TESTED].memory = NULL;
	return status ? status : logs_hold(t, error);
}

static enum ut_status run_case(struct selftest *t,
			       const struct selftest_case *c,
			       struct ut_error *error)
{
	enum ut_status status = run_lanes(t, c, false, error);
	bool differs;

	if (status)
		return status;
	take_prints(t);
	if (compare_logs(t) || t->count < 2)
		return UT_OK;
	status = compare_memory(t, &differs, error);
	if (!status && differs)
		status = run_lanes(t, c, true, error);
	if (!status && differs && !compare_logs(t))
		find(t, c->op, "it wrote beside its outputs, but not again");
	return status;
}

static enum ut_status run_cases(struct selftest *t,
				const struct selftest_case *cases, bool briefly,
				struct ut_error *error)
{
	enum ut_status status = UT_OK;

	for (; cases->run && !status && !(briefly && !is_proven(t)); ++cases)
		status = run_case(t, cases, error);
	return status;
}

/*
 * Trains on a lane, watched or not: an error that comes and goes with the waiting
 * between operations shows in the second.
 */
static enum ut_status train(struct selftest *t, const struct training *training,
			    int i, bool watched, struct ut_fingerprint *print,
			    struct ut_error *error)
{
	struct selftest_lane *lane = &t->lanes[i];
	enum ut_status status = UT_OK;

	ut_selftest_log_clear(&t->logs[i]);
	reset_lane(t, lane);
	if (watched)
		status = ut_selftest_watch(lane->device, &t->logs[i], error);
	if (!status)
		status = training->run(lane, print, error);
	ut_device_trace(lane->device, NULL, NULL, NULL);
	return status;
}

static enum ut_status run_training(struct selftest *t, size_t number,
				   struct ut_error *error)
{
	const struct training *training = &trainings[number];
	char *found = t->found[OPERATIONS + number];
	const char *whose = "the host's weights";
	struct ut_fingerprint print;
	char text[UT_FINGERPRINT_TEXT];
	enum ut_status status;

	status = train(t, training, HOST, true, &print, error);
	if (!status && t->count > 1 &&
	    ut_fingerprint_equal(print, training->print)) {
		whose = "the weights";
		status = train(t, training, TESTED, false, &print, error);
	}
	if (status || ut_fingerprint_equal(print, training->print))
		return status;
	ut_fingerprint_text(print, text);
	snprintf(found, FOUND_BYTES, "%s have fingerprint %s", whose, text);
	if (t->count < 2)
		return UT_OK;
	status = train(t, training, TESTED, true, &print, error);
	if (!status)
		status = logs_hold(t, error);
	if (!status)
		compare_logs(t);
	return status;
}

static enum ut_status run_all(struct selftest *t, bool briefly,
			      struct ut_error *error)
{
	enum ut_status status;
	size_t i;

	status = run_cases(t, ut_selftest_others, briefly, error);
	if (!status)
		status = run_cases(t, ut_selftest_layers, briefly, error);
	if (!status && !(briefly && !is_proven(t)))
		check_prints(t);
	for (i = 0; i < TRAININGS && !status && !(briefly && !is_proven(t));
	     ++i)
		status = run_training(t, i, error);
	return status;
}

static enum ut_status prepare(struct selftest *t, struct ut_device *host,
			      struct ut_device *tested, struct ut_error *error)
{
	enum ut_status status = UT_OK;
	size_t bytes = 4 * ut_selftest_arena(UT_F32);
	int i;

	t->count = tested ? 2 : 1;
	for (i = 0; i < SELFTEST_TYPES; ++i) {
		t->memory[i] = calloc(ut_selftest_arena(i), ut_type_bytes(i));
		if (!t->memory[i])
			return ut_error_set(error, UT_MEMORY, "out of memory");
		ut_selftest_fill(i, t->memory[i], ut_selftest_arena(i));
	}
	for (i = 0; i < 2; ++i) {
		t->after[i] = malloc(bytes);
		if (!t->after[i])
			return ut_error_set(error, UT_MEMORY, "out of memory");
	}
	for (i = 0; i < t->count && !status; ++i)
		status = make_lane(&t->lanes[i], i ? tested : host, error);
	return status;
}

static void release(struct selftest *t)
{
	int i;

	for (i = 0; i < t->count; ++i)
		release_lane(&t->lanes[i]);
	for (i = 0; i < 2; ++i) {
		ut_selftest_log_release(&t->logs[i]);
		free(t->after[i]);
	}
	for (i = 0; i < SELFTEST_TYPES; ++i)
		free(t->memory[i]);
	free(t);
}

/* Says what was found, to told and in the device's info. */
static void report(const struct selftest *t, struct ut_device_info *info,
		   ut_selftest_told told, void *user)
{
	size_t i;

	for (i = 0; i < OPERATIONS + TRAININGS; ++i) {
		bool op = i < OPERATIONS;
		const struct ut_selftest_line line = {
			.clause = op ? operations[i].clause : FINGERPRINTS,
			.what = op ? operations[i].op
				   : trainings[i - OPERATIONS].name,
			.verdict = *t->found[i] ? UT_WRONG : UT_PROVEN,
			.found = t->found[i],
		};

		if (*line.found)
			ut_proof_flaw(info, line.clause, line.what, line.found);
		if (told)
			told(user, &line);
	}
}

enum ut_status ut_selftest_operations(struct ut_device *device,
				      ut_selftest_told told, void *user,
				      struct ut_error *error)
{
	const bool is_host = device->info.kind == UT_KIND_HOST;
	struct selftest *t = calloc(1, sizeof(*t));
	struct ut_device *host = NULL;
	enum ut_status status = UT_OK;

	if (!t)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	if (!is_host)
		status = ut_device_open(&host, "host", error);
	if (!status)
		status = prepare(t, is_host ? device : host,
				 is_host ? NULL : device, error);
	if (!status)
		status = run_all(t, !told, error);
	if (!status)
		report(t, &device->info, told, user);
	release(t);
	ut_device_close(host);
	ut_device_restart_peak(device);
	return status;
}
