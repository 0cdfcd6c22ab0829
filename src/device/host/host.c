/*
 * The host device: its listing, its memory, and the choice of a processor
 * level. The operations are in host_*.c.
 */
#define _DEFAULT_SOURCE /* madvise */
#include "device/host/host.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "device/host/level.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

enum { ALIGNMENT = 64, HUGE_PAGE = 2 << 20 };

/* Life --------------------------------------------------------------------- */

static enum ut_status host_open(struct ut_device *device,
				struct ut_error *error);

static void host_close(struct ut_device *device)
{
	struct ut_host *host = device->state;

	free(host->scratch);
	free(host->room);
	free(host);
	device->state = NULL;
	device->backend = &ut_host_backend;
}

/* What compilers chose stays. */
static bool host_neighbour(const char *tuning, size_t i,
			   char neighbour[UT_DEVICE_TUNING])
{
	(void)tuning;
	(void)i;
	(void)neighbour;
	return false;
}

static void host_finish(struct ut_device *device)
{
	(void)device; /* every operation has ended when it returns */
}

static void host_trim(struct ut_device *device)
{
	struct ut_host *host = ut_host_of(device);

	free(host->room);
	host->room = NULL;
	host->room_floats = 0;
}

/* Memory ------------------------------------------------------------------- */

/* Zeroed and aligned, with an unused vector's worth behind it. */
static void *alloc_zeroed(size_t bytes)
{
	void *memory;

	if (bytes > SIZE_MAX / 2)
		return NULL;
	bytes = (bytes + 2 * ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (bytes >= HUGE_PAGE)
		bytes = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	memory = aligned_alloc(bytes >= HUGE_PAGE ? HUGE_PAGE : ALIGNMENT,
			       bytes);
#ifdef MADV_HUGEPAGE
	if (memory && bytes >= HUGE_PAGE)
		madvise(memory, bytes, MADV_HUGEPAGE);
#endif
	if (memory)
		memset(memory, 0, bytes);
	return memory;
}

float *ut_host_room(struct ut_device *device, size_t floats)
{
	struct ut_host *host = ut_host_of(device);

	if (floats <= host->room_floats)
		return host->room;
	host_trim(device);
	if (floats <= SIZE_MAX / sizeof(float) &&
	    floats * sizeof(float) <= device->info.memory_bytes)
		host->room = alloc_zeroed(floats * sizeof(float));
	if (host->room)
		host->room_floats = floats;
	else
		ut_device_latch(device, UT_MEMORY,
				"out of memory: no %zu floats to work in",
				floats);
	return host->room;
}

static bool host_alloc(struct ut_device *device, struct ut_buffer *buffer)
{
	size_t size = ut_type_bytes(buffer->type);
	uint64_t whole = device->info.memory_bytes;
	size_t bytes;

	if (buffer->count > SIZE_MAX / size) {
		ut_device_latch(device, UT_MEMORY,
				"out of memory: a buffer of %zu elements is "
				"beyond any machine",
				buffer->count);
		return false;
	}
	bytes = buffer->count * size;
	/* The kernel would promise more than there is, and kill later. */
	if (bytes <= whole && device->bytes <= whole - bytes)
		buffer->handle = alloc_zeroed(bytes);
	else
		buffer->handle = NULL;
	if (buffer->handle)
		return true;
	ut_device_latch(device, UT_MEMORY,
			"out of memory: no %zu bytes more for a buffer, %zu in "
			"use already (this machine has %llu)",
			bytes, device->bytes, (unsigned long long)whole);
	return false;
}

static void host_release(struct ut_device *device, struct ut_buffer *buffer)
{
	(void)device;
	free(buffer->handle);
	buffer->handle = NULL;
}

static void host_write(struct ut_device *device, struct ut_buffer *buffer,
		       size_t offset, size_t count, const void *data)
{
	size_t size = ut_type_bytes(buffer->type);

	(void)device;
	memcpy((char *)buffer->handle + offset * size, data, count * size);
}

static void host_read(struct ut_device *device, struct ut_buffer *buffer,
		      size_t offset, size_t count, void *data)
{
	size_t size = ut_type_bytes(buffer->type);

	(void)device;
	memcpy(data, (const char *)buffer->handle + offset * size,
	       count * size);
}

static char *slice_bytes(struct ut_slice s, size_t replica)
{
	return (char *)s.buffer->handle +
	       (s.offset + replica * s.stride) * ut_type_bytes(s.buffer->type);
}

static void host_copy(struct ut_device *device, unsigned R,
		      struct ut_slice from, struct ut_slice to)
{
	size_t bytes = to.count * ut_type_bytes(to.buffer->type);
	bool small = bytes * R < 4 * UT_HOST_PIECE;
	unsigned r;

#pragma omp parallel for num_threads(ut_host_of(device)->threads) if (!small)
	for (r = 0; r < R; ++r)
		memcpy(slice_bytes(to, r), slice_bytes(from, r), bytes);
}

static void host_fill(struct ut_device *device, unsigned R, struct ut_slice x,
		      uint32_t bits)
{
	bool small = x.count * R < UT_HOST_PIECE;
	unsigned r;

#pragma omp parallel for num_threads(ut_host_of(device)->threads) if (!small)
	for (r = 0; r < R; ++r) {
		char *to = slice_bytes(x, r);
		size_t i;

		for (i = 0; i < x.count; ++i)
			memcpy(to + 4 * i, &bits, 4);
	}
}

/* No tuned library is asked to rival the host backend. */
static bool host_tuned_forward(struct ut_device *device,
			       const struct ut_linear *op)
{
	(void)device;
	(void)op;
	return false;
}

/* Levels ------------------------------------------------------------------- */

#define LIFE_AND_MEMORY                                                  \
	.name = "host", .open = host_open, .close = host_close,          \
	.tuning_neighbour = host_neighbour, .finish = host_finish,       \
	.trim = host_trim, .alloc = host_alloc, .release = host_release, \
	.write = host_write, .read = host_read, .copy = host_copy,       \
	.fill = host_fill, .tuned_forward = host_tuned_forward

#define OPERATIONS(level)                                                     \
	.linear_forward = ut_host_linear_forward_##level,                     \
	.linear_data = ut_host_linear_data_##level,                           \
	.linear_weights = ut_host_linear_weights_##level,                     \
	.conv_forward = ut_host_conv_forward_##level,                         \
	.conv_data = ut_host_conv_data_##level,                               \
	.conv_weights = ut_host_conv_weights_##level,                         \
	.max_pool = ut_host_max_pool_##level,                                 \
	.average_pool = ut_host_average_pool_##level,                         \
	.pool_data = ut_host_pool_data_##level,                               \
	.filter = ut_host_filter_##level, .octaves = ut_host_octaves_##level, \
	.blend = ut_host_blend_##level, .augment = ut_host_augment_##level,   \
	.random = ut_host_random_##level, .dropout = ut_host_dropout_##level, \
	.gather_images = ut_host_gather_images_##level,                       \
	.gather_labels = ut_host_gather_labels_##level,                       \
	.cross_entropy = ut_host_cross_entropy_##level,                       \
	.distil = ut_host_distil_##level, .moments = ut_host_moments_##level, \
	.mean = ut_host_mean_##level, .optimise = ut_host_optimise_##level,   \
	.argmax = ut_host_argmax_##level,                                     \
	.count_equal = ut_host_count_equal_##level,                           \
	.fma_chain = ut_host_fma_chain_##level,                               \
	.check_finite = ut_host_check_finite_##level

#define BACKEND(level)                             \
	{                                          \
		LIFE_AND_MEMORY, OPERATIONS(level) \
	}

struct level {
	const char *name; /* in UNDERTONE_HOST_LEVEL */
	const char *text; /* for people */
	bool (*supported)(void);
	const size_t *scratch_floats;
	struct ut_backend backend;
};

static bool always(void)
{
	return true;
}

#if defined(__x86_64__)
UT_HOST_DECLARE(baseline);
UT_HOST_DECLARE(v3);
UT_HOST_DECLARE(v4);

/* What the psABI's x86-64-v3 adds and compilers' feature tests leave out. */
static bool has_v3_rest(void)
{
	const unsigned movbe = 1u << 22, f16c = 1u << 29, lzcnt = 1u << 5;
	unsigned a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & movbe) || !(c & f16c))
		return false;
	return __get_cpuid(0x80000001u, &a, &b, &c, &d) && c & lzcnt;
}

static bool has_v3(void)
{
	return __builtin_cpu_supports("avx2") &&
	       __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
	       __builtin_cpu_supports("bmi2") && has_v3_rest();
}

static bool has_v4(void)
{
	return has_v3() && __builtin_cpu_supports("avx512f") &&
	       __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512cd") &&
	       __builtin_cpu_supports("avx512dq") &&
	       __builtin_cpu_supports("avx512vl");
}

/* Best first. */
static const struct level levels[] = {
	{"v4", "x86-64-v4", has_v4, &ut_host_scratch_floats_v4, BACKEND(v4)},
	{"v3", "x86-64-v3", has_v3, &ut_host_scratch_floats_v3, BACKEND(v3)},
	{"baseline", "x86-64", always, &ut_host_scratch_floats_baseline,
	 BACKEND(baseline)},
};

const struct ut_backend ut_host_backend = BACKEND(baseline);
#else
UT_HOST_DECLARE(plain);

#if defined(__aarch64__)
#define PLAIN_TEXT "aarch64"
#else
#define PLAIN_TEXT "portable C"
#endif

static const struct level levels[] = {
	{"baseline", PLAIN_TEXT, always, &ut_host_scratch_floats_plain,
	 BACKEND(plain)},
};

const struct ut_backend ut_host_backend = BACKEND(plain);
#endif

enum { LEVELS = sizeof(levels) / sizeof(levels[0]) };

/* The level asked for, or the best one; NULL with error set. */
static const struct level *choose_level(struct ut_error *error)
{
	const char *asked = getenv("UNDERTONE_HOST_LEVEL");
	int i;

	for (i = 0; i < LEVELS; ++i) {
		if (asked && *asked ? strcmp(asked, levels[i].name) != 0
				    : !levels[i].supported())
			continue;
		if (levels[i].supported())
			return &levels[i];
		ut_error_set(error, UT_INVALID,
			     "unsupported processor level: "
			     "UNDERTONE_HOST_LEVEL is %s, which this processor "
			     "lacks",
			     asked);
		return NULL;
	}
	ut_error_set(error, UT_INVALID,
		     "unknown processor level: "
		     "UNDERTONE_HOST_LEVEL is %s, not one of baseline, v3, v4 "
		     "(v3 and v4 are for x86-64)",
		     asked);
	return NULL;
}

static void describe_level(const struct level *level, int threads,
			   struct ut_device_info *info)
{
	snprintf(info->level, sizeof(info->level), "%s, %d thread%s",
		 level->text, threads, threads == 1 ? "" : "s");
	info->compute_units = (unsigned)threads;
}

static enum ut_status host_open(struct ut_device *device,
				struct ut_error *error)
{
	const struct level *level = choose_level(error);
	struct ut_host *host;

	if (!level)
		return UT_INVALID;
	host = calloc(1, sizeof(*host));
	if (!host)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	host->threads = omp_get_max_threads();
	host->scratch_floats = *level->scratch_floats;
	host->scratch =
		alloc_zeroed((size_t)host->threads * host->scratch_floats *
			     sizeof(*host->scratch));
	if (!host->scratch) {
		free(host);
		return ut_error_set(error, UT_MEMORY, "out of memory");
	}
	device->state = host;
	/* From here on calls go straight to the level's operations. */
	device->backend = &level->backend;
	describe_level(level, host->threads, &device->info);
	return UT_OK;
}

/* Listing ------------------------------------------------------------------ */

static void name_processor(char name[UT_DEVICE_TEXT])
{
#if defined(__x86_64__)
	unsigned words[12], i;
	const char *text = (const char *)words;

	for (i = 0; i < 3; ++i)
		if (!__get_cpuid(0x80000002u + i, &words[4 * i],
				 &words[4 * i + 1], &words[4 * i + 2],
				 &words[4 * i + 3]))
			break;
	if (i == 3) {
		snprintf(name, UT_DEVICE_TEXT, "%.*s", (int)sizeof(words),
			 text + strspn(text, " "));
		return;
	}
#endif
	struct utsname system;

	snprintf(name, UT_DEVICE_TEXT, "%s processor",
		 uname(&system) < 0 ? "unknown" : system.machine);
}

enum ut_status ut_host_list(struct ut_device_list *list, struct ut_error *error)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	struct ut_device_info *devices, *info;
	const struct level *level;
	struct ut_error refusal = {0};

	devices = realloc(list->devices, (list->count + 1) * sizeof(*devices));
	if (!devices)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	list->devices = devices;
	info = &devices[list->count++];
	*info = (struct ut_device_info){
		.kind = UT_KIND_HOST,
		.platform = "host",
		.memory_bytes = pages > 0 && page > 0
					? (uint64_t)pages * (uint64_t)page
					: SIZE_MAX,
	};
	name_processor(info->name);
	snprintf(info->driver, sizeof(info->driver), "OpenMP %d", _OPENMP);
	level = choose_level(&refusal);
	info->usable = level != NULL;
	if (level)
		describe_level(level, omp_get_max_threads(), info);
	else
		snprintf(info->reason, sizeof(info->reason), "%.*s",
			 (int)sizeof(info->reason) - 1, refusal.text);
	return UT_OK;
}
