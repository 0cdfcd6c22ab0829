/*
 * The seam: what a backend is. ops.c and device.c check, then jump through this
 * table; nothing else calls it. Every slot is filled. Backends include this
 * header and nothing of each other.
 */
#ifndef UT_BACKEND_H
#define UT_BACKEND_H

#include <stdarg.h>

#include <undertone/ops.h>

#include "base/machine.h"
#include "device/proof.h"

struct ut_backend;

struct ut_device {
	const struct ut_backend *backend;
	struct ut_device_info info;
	struct ut_error latched; /* the first error since opening */
	size_t bytes, bytes_peak;
	struct ut_proof proof;
	void *state;            /* the backend's own */
	struct ut_trace *trace; /* of trace.c while it is traced, or NULL */
	const char *label; /* of the next operations, for traces; or NULL */
};

struct ut_buffer {
	struct ut_device *device;
	enum ut_type type;
	size_t count; /* elements */
	void *handle; /* the backend's own */
};

/* The constants of a struct ut_distil: each from double, rounded once. */
struct ut_distil_scale {
	float cool; /* kinds with softmax: 1 / T */
	/*
	 * What turns a row's slope into the gradient of the batch's mean.
	 * KL, REVERSE_KL: 1 / (T B). JS: 1 / (2 T B). COSINE_DISTANCE: 1 / B.
	 * MSE kinds: 2 / (B count). KD: (1 - alpha) T / B.
	 */
	float slope;
	float weight; /* MSE kinds: 1 / count. KD: (1 - alpha) T^2 */
	float label_slope, label_weight; /* KD: alpha / B, alpha */
};
struct ut_distil_scale ut_distil_scale_of(const struct ut_distil *op);

/*
 * Slots are called only while nothing has latched, with arguments that ops.c has
 * checked. A slot that fails calls ut_device_latch and returns.
 */
struct ut_backend {
	const char *name;
	/* Of matrix products; NULL, or its name is NULL: there is none. */
	const struct ut_library *library;

	/*
	 * Opens the device that device->info names; sets device->state and
	 * fills in what the listing could not know (info.level). Where
	 * info.library is not empty it is the library's name.
	 */
	enum ut_status (*open)(struct ut_device *device,
			       struct ut_error *error);
	/* As ut_tuning_neighbour; asks no device. */
	bool (*tuning_neighbour)(const char *tuning, size_t i,
				 char neighbour[UT_DEVICE_TUNING]);
	void (*close)(struct ut_device *device);
	void (*finish)(struct ut_device *device);
	/* Frees what operations keep to work in; called after a failure, too. */
	void (*trim)(struct ut_device *device);

	/* Sets buffer->handle to zeroed memory; false after latching. */
	bool (*alloc)(struct ut_device *device, struct ut_buffer *buffer);
	void (*release)(struct ut_device *device, struct ut_buffer *buffer);
	void (*write)(struct ut_device *device, struct ut_buffer *buffer,
		      size_t offset, size_t count, const void *data);
	void (*read)(struct ut_device *device, struct ut_buffer *buffer,
		     size_t offset, size_t count, void *data);
	void (*copy)(struct ut_device *device, unsigned R, struct ut_slice from,
		     struct ut_slice to);
	/* The bits of a 4-byte element. */
	void (*fill)(struct ut_device *device, unsigned R, struct ut_slice x,
		     uint32_t bits);

	void (*linear_forward)(struct ut_device *device,
			       const struct ut_linear *op);
	void (*linear_data)(struct ut_device *device,
			    const struct ut_linear_data *op);
	void (*linear_weights)(struct ut_device *device,
			       const struct ut_linear_weights *op);
	void (*conv_forward)(struct ut_device *device,
			     const struct ut_conv *op);
	void (*conv_data)(struct ut_device *device,
			  const struct ut_conv_data *op);
	void (*conv_weights)(struct ut_device *device,
			     const struct ut_conv_weights *op);
	void (*max_pool)(struct ut_device *device, const struct ut_pool *op);
	/* inverse = RN(1 / side^2) */
	void (*average_pool)(struct ut_device *device, const struct ut_pool *op,
			     float inverse);
	void (*pool_data)(struct ut_device *device,
			  const struct ut_pool_data *op, float inverse);
	void (*random)(struct ut_device *device, const struct ut_random *op);
	void (*dropout)(struct ut_device *device, const struct ut_dropout *op);
	void (*filter)(struct ut_device *device, const struct ut_filter *op);
	void (*octaves)(struct ut_device *device, const struct ut_octaves *op);
	void (*blend)(struct ut_device *device, const struct ut_blend *op);
	void (*augment)(struct ut_device *device, const struct ut_augment *op);
	void (*gather_images)(struct ut_device *device,
			      const struct ut_gather *op);
	void (*gather_labels)(struct ut_device *device, unsigned R, size_t B,
			      size_t N, struct ut_slice labels,
			      struct ut_slice ids, struct ut_slice to);
	/* inverse = RN(1 / B) */
	void (*cross_entropy)(struct ut_device *device,
			      const struct ut_loss *loss,
			      struct ut_slice labels, float inverse);
	void (*distil)(struct ut_device *device, const struct ut_distil *op,
		       const struct ut_distil_scale *scale);
	/* inverse = RN(1 / B) */
	void (*moments)(struct ut_device *device, unsigned R, size_t B,
			size_t C, size_t first, size_t count, struct ut_slice x,
			struct ut_slice moments, float inverse);
	/* inverse = RN(1 / n) */
	void (*mean)(struct ut_device *device, unsigned R, struct ut_slice x,
		     struct ut_slice y, float inverse);
	void (*optimise)(struct ut_device *device, unsigned R,
			 const struct ut_update *update, struct ut_slice w,
			 struct ut_slice g, struct ut_slice m,
			 struct ut_slice v);
	void (*argmax)(struct ut_device *device, unsigned R, size_t B, size_t C,
		       size_t first, size_t count, struct ut_slice x,
		       struct ut_slice to);
	void (*count_equal)(struct ut_device *device, unsigned R,
			    struct ut_slice a, struct ut_slice b,
			    struct ut_slice total);
	/* False where the build has no tuned library for such a device. */
	bool (*tuned_forward)(struct ut_device *device,
			      const struct ut_linear *op);
	void (*fma_chain)(struct ut_device *device, struct ut_slice x, float a,
			  float b, uint32_t rounds);
	void (*check_finite)(struct ut_device *device, unsigned R,
			     struct ut_slice x, struct ut_slice where);
};

/* The cache's name for a tuning, of info.tuning_key. */
#define UT_TUNING_FILE "%s.tuning"
enum { UT_TUNING_NAME = UT_DEVICE_KEY + 8 };

/* Bytes of an element: 4, 4, 1. */
size_t ut_type_bytes(enum ut_type type);

/* Remembers the device's first error; later ones are dropped. */
void ut_device_latch(struct ut_device *device, enum ut_status status,
		     const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * What backends.c knows of a backend: how to list its devices. list appends to
 * devices (growing it with realloc) and to notes.
 */
struct ut_backend_entry {
	const struct ut_backend *backend;
	enum ut_status (*list)(struct ut_device_list *list,
			       struct ut_error *error);
};

/* The backends of this build, ended by an entry without backend. */
extern const struct ut_backend_entry ut_backends[];

#endif
