/*
 * What the files of the host backend share. The files host_*.c are compiled
 * once for every processor level, with UT_LEVEL set to its name; each level has
 * its own copy of every operation, ut_host_<operation>_<level>, of equal bits.
 */
#ifndef UT_HOST_LEVEL_H
#define UT_HOST_LEVEL_H

#include "device/backend.h"

/* The state of an open host device. */
struct ut_host {
	int threads;
	float *scratch;        /* one part a thread, 64-byte aligned */
	size_t scratch_floats; /* the length of a part */
	float *room;           /* what ut_host_room gave last */
	size_t room_floats;
};

/*
 * Memory for one operation, 64-byte aligned: the same as last time, or more if
 * that was too little, so that a step takes none after the first. What is in it
 * is anything finite or not. NULL after latching that there is no more.
 */
float *ut_host_room(struct ut_device *device, size_t floats);

/* The operations of one level: the compute slots of struct ut_backend. */
#define UT_HOST_DECLARE(level)                                                 \
	extern const size_t ut_host_scratch_floats_##level;                    \
	void ut_host_linear_forward_##level(struct ut_device *device,          \
					    const struct ut_linear *op);       \
	void ut_host_linear_data_##level(struct ut_device *device,             \
					 const struct ut_linear_data *op);     \
	void ut_host_linear_weights_##level(                                   \
		struct ut_device *device, const struct ut_linear_weights *op); \
	void ut_host_conv_forward_##level(struct ut_device *device,            \
					  const struct ut_conv *op);           \
	void ut_host_conv_data_##level(struct ut_device *device,               \
				       const struct ut_conv_data *op);         \
	void ut_host_conv_weights_##level(struct ut_device *device,            \
					  const struct ut_conv_weights *op);   \
	void ut_host_max_pool_##level(struct ut_device *device,                \
				      const struct ut_pool *op);               \
	void ut_host_average_pool_##level(struct ut_device *device,            \
					  const struct ut_pool *op,            \
					  float inverse);                      \
	void ut_host_pool_data_##level(struct ut_device *device,               \
				       const struct ut_pool_data *op,          \
				       float inverse);                         \
	void ut_host_filter_##level(struct ut_device *device,                  \
				    const struct ut_filter *op);               \
	void ut_host_octaves_##level(struct ut_device *device,                 \
				     const struct ut_octaves *op);             \
	void ut_host_blend_##level(struct ut_device *device,                   \
				   const struct ut_blend *op);                 \
	void ut_host_augment_##level(struct ut_device *device,                 \
				     const struct ut_augment *op);             \
	void ut_host_random_##level(struct ut_device *device,                  \
				    const struct ut_random *op);               \
	void ut_host_dropout_##level(struct ut_device *device,                 \
				     const struct ut_dropout *op);             \
	void ut_host_gather_images_##level(struct ut_device *device,           \
					   const struct ut_gather *op);        \
	void ut_host_gather_labels_##level(struct ut_device *device,           \
					   unsigned R, size_t B, size_t N,     \
					   struct ut_slice labels,             \
					   struct ut_slice ids,                \
					   struct ut_slice to);                \
	void ut_host_cross_entropy_##level(struct ut_device *device,           \
					   const struct ut_loss *loss,         \
					   struct ut_slice labels,             \
					   float inverse);                     \
	void ut_host_distil_##level(struct ut_device *device,                  \
				    const struct ut_distil *op,                \
				    const struct ut_distil_scale *scale);      \
	void ut_host_moments_##level(struct ut_device *device, unsigned R,     \
				     size_t B, size_t C, size_t first,         \
				     size_t count, struct ut_slice x,          \
				     struct ut_slice moments, float inverse);  \
	void ut_host_mean_##level(struct ut_device *device, unsigned R,        \
				  struct ut_slice x, struct ut_slice y,        \
				  float inverse);                              \
	void ut_host_optimise_##level(struct ut_device *device, unsigned R,    \
				      const struct ut_update *update,          \
				      struct ut_slice w, struct ut_slice g,    \
				      struct ut_slice m, struct ut_slice v);   \
	void ut_host_argmax_##level(struct ut_device *device, unsigned R,      \
				    size_t B, size_t C, size_t first,          \
				    size_t count, struct ut_slice x,           \
				    struct ut_slice to);                       \
	void ut_host_count_equal_##level(struct ut_device *device, unsigned R, \
					 struct ut_slice a, struct ut_slice b, \
					 struct ut_slice total);               \
	void ut_host_fma_chain_##level(struct ut_device *device,               \
				       struct ut_slice x, float a, float b,    \
				       uint32_t rounds);                       \
	void ut_host_check_finite_##level(struct ut_device *device,            \
					  unsigned R, struct ut_slice x,       \
					  struct ut_slice where)

#ifdef UT_LEVEL
#define UT_HOST_JOIN(stem, level) ut_host_##stem##_##level
#define UT_HOST_EXPAND(stem, level) UT_HOST_JOIN(stem, level)
/* The name of this level's copy of ut_host_<stem>. */
#define UT_HOST(stem) UT_HOST_EXPAND(stem, UT_LEVEL)

#define UT_HOST_DECLARE_EXPANDED(level) UT_HOST_DECLARE(level)
UT_HOST_DECLARE_EXPANDED(UT_LEVEL);
#endif

/*
 * Elementwise work is cut in pieces of this many elements, and work of less
 * than a piece in all stays on one thread: waking the others would cost more.
 */
enum { UT_HOST_PIECE = 8192 };

static inline struct ut_host *ut_host_of(const struct ut_device *device)
{
	return device->state;
}

/* Replica r's part of a slice, by type. */
static inline float *ut_host_f32(struct ut_slice s, size_t r)
{
	return (float *)s.buffer->handle + s.offset + r * s.stride;
}

static inline uint32_t *ut_host_u32(struct ut_slice s, size_t r)
{
	return (uint32_t *)s.buffer->handle + s.offset + r * s.stride;
}

static inline uint8_t *ut_host_u8(struct ut_slice s, size_t r)
{
	return (uint8_t *)s.buffer->handle + s.offset + r * s.stride;
}

static inline size_t ut_host_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many pieces of `size` cover n. */
static inline size_t ut_host_pieces(size_t n, size_t size)
{
	return (n + size - 1) / size;
}

#endif
