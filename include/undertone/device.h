/* Devices, and the memory that lives on them. */
#ifndef UNDERTONE_DEVICE_H
#define UNDERTONE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <undertone/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ut_device_kind {
	UT_KIND_HOST,       /* the C fallback */
	UT_KIND_GPU,        /* OpenCL, its own memory */
	UT_KIND_INTEGRATED, /* OpenCL GPU that shares the host's memory */
	UT_KIND_ACCELERATOR,
	UT_KIND_CPU, /* OpenCL on the processor */
};

enum {
	UT_DEVICE_TEXT = 128,
	UT_DEVICE_ADDRESS = 16,
	UT_DEVICE_WORD = 32,
	UT_DEVICE_TUNING = 256,
	UT_DEVICE_KEY = 40,
};

/* One device as the user sees it; plain text only, nothing of a driver. */
struct ut_device_info {
	int index; /* the N of --device N; host is 0 */
	enum ut_device_kind kind;
	char name[UT_DEVICE_TEXT];
	char platform[UT_DEVICE_TEXT]; /* "host" or the platform's name */
	char driver[UT_DEVICE_TEXT];   /* version of the driver */
	char level[UT_DEVICE_TEXT];    /* what was chosen: "x86-64-v3", "cpu" */
	uint64_t memory_bytes;
	unsigned compute_units; /* threads, for the host */
	bool usable;
	char reason[2 * UT_DEVICE_TEXT]; /* why not; empty if usable */
	char address[UT_DEVICE_ADDRESS]; /* of the bus, "0000:01:00.0"; or "" */
	char left_out[2 * UT_DEVICE_TEXT]; /* why auto passes it by; or "" */
	/* Of an open device. */
	bool bit_exact;                /* its numbers are the contract's */
	char flaw[2 * UT_DEVICE_TEXT]; /* if not, why; empty if so */
	char library[UT_DEVICE_WORD];  /* asked for by +LIBRARY, or empty */
	/* How its kernels are built (tuning.h); "" where nothing can be tuned. */
	char tuning[UT_DEVICE_TUNING];
	char tuning_key[UT_DEVICE_KEY]; /* what that is kept under */
	/* Where the backend finds it again. */
	unsigned backend, platform_number, device_number;
	uint64_t hidden; /* drivers that break the loader: bits, by name */
};

struct ut_device_list {
	struct ut_device_info *devices; /* host first; owned by the list */
	size_t count;
	/* Lines, if any: broken drivers, doubles, why there is no device. */
	char *notes;
};

/* The word for a kind: "host", "gpu", "integrated gpu", "accelerator", "cpu". */
const char *ut_device_kind_name(enum ut_device_kind kind);

/*
 * Lists the host and every OpenCL device. Drivers are asked in a child process:
 * one that crashes or hangs there costs its devices and leaves a line in notes.
 * A device that two platforms show has left_out set in all but one of its
 * places. Release with ut_device_list_release.
 */
enum ut_status ut_device_list_init(struct ut_device_list *list,
				   struct ut_error *error);
void ut_device_list_release(struct ut_device_list *list);

struct ut_device;

/*
 * Opens a device. selector is one of: auto, host, gpu, cpu, a number of
 * ut_device_list_init, platform:device (parts of names, or numbers), a short
 * name (pocl, intel, rusticl, amd, nvidia) or part of a name; case does not
 * matter. NULL means UNDERTONE_DEVICE, or else auto. `auto` prefers a discrete
 * GPU, then an integrated one, an accelerator, and the host; an OpenCL CPU
 * device must be asked for. `host` opens no OpenCL library. A device that is
 * left_out of the list is meant by its number, by platform:device, or where
 * nothing else matches.
 *
 * After any of them, or alone, +LIBRARY (ut_device_library) has the products of
 * linear layers made by that library: fast on some devices, and not the
 * contract's bits, which info.bit_exact and info.flaw then say.
 *
 * UT_MISSING when nothing matches, UT_INVALID when more than one device does;
 * both texts list what there is. Never another device than the one asked for.
 */
enum ut_status ut_device_open(struct ut_device **device, const char *selector,
			      struct ut_error *error);

/* Releases the device; its buffers must be freed before. NULL is fine. */
void ut_device_close(struct ut_device *device);

const struct ut_device_info *ut_device_about(const struct ut_device *device);

/* A library of tuned matrix products. */
struct ut_library {
	const char *name;    /* as selectors have it */
	const char *version; /* name and version, for people */
};

/* The one this build has for such a device, or NULL. */
const struct ut_library *ut_device_library(const struct ut_device *device);

/*
 * Waits for everything enqueued. Returns the first error since the device was
 * opened: operations return nothing, the first that fails latches, and the
 * device does no work after it.
 */
enum ut_status ut_device_finish(struct ut_device *device,
				struct ut_error *error);

/*
 * Lets a device work again whose memory ran out: call it when the buffers of the
 * work that failed are freed. Waits for what is enqueued, frees what the device
 * keeps to work in, and forgets the error. False, and all stays as it is, when
 * nothing has failed or the first error is another than UT_MEMORY; false when
 * waiting fails: then nothing is known of the device any more.
 */
bool ut_device_recover(struct ut_device *device);

enum ut_type { UT_F32, UT_U32, UT_U8 };

struct ut_buffer;

/*
 * Allocates count elements, all zero. count is above 0. On failure returns
 * NULL and the error latches in the device.
 */
struct ut_buffer *ut_buffer_new(struct ut_device *device, enum ut_type type,
				size_t count);
void ut_buffer_free(struct ut_buffer *buffer);

size_t ut_buffer_count(const struct ut_buffer *buffer);
enum ut_type ut_buffer_type(const struct ut_buffer *buffer);

/* Bytes of device memory now held in buffers, and the most ever held. */
size_t ut_device_bytes(const struct ut_device *device);
size_t ut_device_bytes_peak(const struct ut_device *device);

/* From here on the peak is of what is held now and later. */
void ut_device_restart_peak(struct ut_device *device);

/*
 * A part of a buffer: for replica r the count elements that start at
 * offset + r * stride. A stride of 0 is one part shared by all replicas.
 * Offsets, counts and strides are in elements.
 */
struct ut_slice {
	struct ut_buffer *buffer;
	size_t offset, count, stride;
};

/* The whole buffer cut in parts of count elements, one for each replica. */
struct ut_slice ut_slice_of(struct ut_buffer *buffer, size_t count);

/* count elements of every replica's part of s, from element first on. */
struct ut_slice ut_slice_part(struct ut_slice s, size_t first, size_t count);

/* The parts of s from replica `replica` on. */
struct ut_slice ut_slice_from(struct ut_slice s, size_t replica);

/* True when the slice names no buffer (an optional argument left out). */
static inline bool ut_slice_none(struct ut_slice s)
{
	return !s.buffer;
}

/*
 * Copies count elements between host memory and the buffer, from element
 * offset on. write returns when data may be reused. read waits for the work
 * before it and returns the device's first error, data untouched.
 */
void ut_buffer_write(struct ut_buffer *buffer, size_t offset, size_t count,
		     const void *data);
enum ut_status ut_buffer_read(struct ut_buffer *buffer, size_t offset,
			      size_t count, void *data, struct ut_error *error);

/* The device a buffer lives on. */
struct ut_device *ut_buffer_device(const struct ut_buffer *buffer);

#ifdef __cplusplus
}
#endif

#endif
