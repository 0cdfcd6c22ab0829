/* What the files of the OpenCL backend share; nothing else includes this. */
#ifndef UT_OCL_H
#define UT_OCL_H

#ifndef CL_TARGET_OPENCL_VERSION
#define CL_TARGET_OPENCL_VERSION 120
#endif
#include <CL/cl.h>

#include "base/fingerprint.h"
#include "base/text.h"
#include "device/backend.h"

/*
 * Every kernel, once: the name in cl/ and the word in enum ut_ocl_kernel_id. Those
 * that one shape only has are named in kernel_is_there of ocl_launch.c.
 */
#define OCL_KERNELS(X)                    \
	X(LINEAR_FORWARD, linear_forward) \
	X(LINEAR_DATA, linear_data)       \
	X(LINEAR_WEIGHTS, linear_weights) \
	X(CONV_PACK, conv_pack)           \
	X(CONV_TURN, conv_turn)           \
	X(CONV_FORWARD, conv_forward)     \
	X(CONV_DATA, conv_data)           \
	X(CONV_WEIGHTS, conv_weights)     \
	X(CONV_NARROW, conv_narrow)       \
	X(CONV_TOTAL, conv_total)         \
	X(MAX_POOL, max_pool)             \
	X(AVERAGE_POOL, average_pool)     \
	X(POOL_DATA, pool_data)           \
	X(RANDOM_UNIFORM, random_uniform) \
	X(RANDOM_NORMAL, random_normal)   \
	X(DROPOUT, dropout)               \
	X(FILTER, filter)                 \
	X(OCTAVES, octaves)               \
	X(BLEND, blend)                   \
	X(AUGMENT, augment_images)        \
	X(GATHER_IMAGES, gather_images)   \
	X(GATHER_LABELS, gather_labels)   \
	X(CROSS_ENTROPY, cross_entropy)   \
	X(DISTIL_MSE, distil_mse)         \
	X(DISTIL_COSINE, distil_cosine)   \
	X(DISTIL_KL, distil_kl)           \
	X(DISTIL_REVKL, distil_revkl)     \
	X(DISTIL_JS, distil_js)           \
	X(DISTIL_KD, distil_kd)           \
	X(MOMENTS, moments)               \
	X(MEAN, mean)                     \
	X(ADAM, adam)                     \
	X(SGD, sgd)                       \
	X(ARGMAX, argmax)                 \
	X(COUNT_EQUAL, count_equal)       \
	X(FMA_CHAIN, fma_chain)           \
	X(CHECK_FINITE, check_finite)     \
	X(FINISH_FORWARD, finish_forward) \
	X(FINISH_DATA, finish_data)       \
	X(BIAS_GRADIENT, bias_gradient)   \
	X(COPY_WORDS, copy_words)         \
	X(COPY_BYTES, copy_bytes)         \
	X(FILL_WORDS, fill_words)

enum ut_ocl_kernel_id {
#define OCL_ID(word, name) OCL_##word,
	OCL_KERNELS(OCL_ID)
#undef OCL_ID
		OCL_KERNEL_COUNT
};

struct ut_ocl_kernel {
	const char *name;
	cl_kernel kernel;
	size_t group[3]; /* as the kernel itself requires */
};

/*
 * The numbers the kernels are compiled with and their work is cut by; see the .cl
 * files for meanings. Those that are no bool are named in ocl_tuning.c.
 */
struct ut_ocl_tunables {
	bool gpu_shape;
	bool asked; /* by UNDERTONE_TUNING */
	/* CPU shape: floats of the local memory; columns of a linear layer, and
	 * outputs of a convolution, that a work-item takes; work-items wanted
	 * for each compute unit; elements, and rows, of a work-item */
	unsigned panel, columns, outputs, parts, span, row_span;
	/* GPU shape: see tile_gpu.h; work-items of elementwise kernels' groups */
	unsigned side, block, depth, pad, group;
	unsigned fast_math; /* not the contract's numbers: for measuring */
};

/* Host memory on its way to the device. */
struct ut_ocl_stage {
	void *data;
	size_t bytes;
	cl_event done; /* NULL while free */
};

enum { OCL_STAGES = 8, OCL_MARKS = 2 };

/* An open device: device->state. */
struct ut_ocl {
	cl_platform_id platform;
	cl_device_id id;
	cl_context context;
	cl_command_queue queue;
	cl_program program;
	struct ut_ocl_kernel kernels[OCL_KERNEL_COUNT];
	struct ut_ocl_tunables tunables;
	char tuning_key[UT_FINGERPRINT_TEXT];
	unsigned repairs; /* enum ut_repair: in programs from here on */
	bool relaxed;     /* programs are built with fast-math from here on */
	unsigned compute_units;
	cl_mem nothing;           /* stands for a slice that is none */
	struct ut_buffer scratch; /* see ut_ocl_scratch; no handle: none yet */
	struct ut_ocl_tuned *tuned; /* of ocl_tuned.c, or NULL */
	struct ut_ocl_stage stages[OCL_STAGES];
	unsigned next_stage;
	unsigned launches;
	cl_event marks[OCL_MARKS];
	const char *last;  /* the kernel enqueued last, or NULL */
	unsigned patience; /* seconds to wait for an answer; 0: for ever */
	bool lost;         /* its driver may never return from a call */
};

/* Beside OpenCL's codes, which are not positive. */
enum { OCL_NO_ANSWER = 1 };

/* Errors: ocl_error.c ------------------------------------------------------ */

/* UT_MEMORY for the codes that say so, else UT_DEVICE. */
enum ut_status ut_ocl_error_status(cl_int code);

/* "CL_NAME", in most cases with what it means. */
const char *ut_ocl_error_name(cl_int code);

/* Whether after this code nothing more is to be expected of the device. */
bool ut_ocl_is_loss(cl_int code);

/* Sets error to "cannot WHAT: code"; returns the status. */
enum ut_status ut_ocl_error_set(struct ut_error *error, cl_int code,
				const char *what);

/*
 * Latches "WHAT failed on DEVICE: code". After a loss nothing of the device is
 * released, as that could take for ever.
 */
void ut_ocl_latch(struct ut_device *device, cl_int code, const char *what);

/* Finding: ocl_survey.c, ocl_drivers.c -------------------------------------- */

/* A text of the device or the platform, trimmed and cut; empty without one. */
void ut_ocl_device_text(cl_device_id id, cl_device_info what,
			char text[UT_DEVICE_TEXT]);
void ut_ocl_platform_name(cl_platform_id id, char text[UT_DEVICE_TEXT]);

/* Has the loader start, unless it has, without the drivers of info->hidden. */
enum ut_status ut_ocl_load(const struct ut_device_info *info,
			   struct ut_error *error);

/* Programs: ocl_program.c, ocl_probe.c -------------------------------------- */

/*
 * Builds the named kernel files (stems, ended by NULL) as one program, from the
 * binary cache if it is there.
 */
enum ut_status ut_ocl_program_build(struct ut_ocl *ocl,
				    const char *const *names,
				    cl_program *program,
				    struct ut_error *error);

/*
 * What holds as long as device, driver and kernels are these: the fingerprint of
 * all that and of what is kept under it.
 */
void ut_ocl_key(const struct ut_ocl *ocl, const char *what,
		char key[UT_FINGERPRINT_TEXT]);

/* UNDERTONE_KERNELS, or NULL: the kernels are those that are built in. */
const char *ut_ocl_kernels_folder(void);

/*
 * Compares the device's primitive operations with the host's, unless device->proof
 * has a verdict that was kept. Sets ocl->repairs to the ways around that are
 * needed, or that UNDERTONE_REPAIRS asks for; what is wrong all the same is said in
 * device->info. Fills in device->proof.
 */
enum ut_status ut_ocl_prove(struct ut_device *device, struct ut_ocl *ocl,
			    struct ut_error *error);

/* Tunings: ocl_tuning.c ----------------------------------------------------- */

/*
 * Sets the tunables of the device that ocl->id names: as UNDERTONE_TUNING says,
 * UT_INVALID where that cannot be; else as is kept for it; else the defaults.
 * Sets ocl->tuning_key.
 */
enum ut_status ut_ocl_tuning_choose(struct ut_ocl *ocl, struct ut_error *error);

/* Back to the defaults. */
void ut_ocl_tuning_reset(struct ut_ocl *ocl);

/* Whether any number is not what it is by default in this shape. */
bool ut_ocl_is_tuned(const struct ut_ocl *ocl);

/* Appends them as UNDERTONE_TUNING takes them, all of the shape. */
void ut_ocl_tuning_write(const struct ut_ocl_tunables *t, struct ut_text *text);

/* For info.level: the shape, and what is unusual. */
void ut_ocl_tuning_level(const struct ut_ocl *ocl, char level[UT_DEVICE_TEXT]);

/* The slot of the backend. */
bool ut_ocl_tuning_neighbour(const char *tuning, size_t i,
			     char neighbour[UT_DEVICE_TUNING]);

/* Waiting: ocl_wait.c ------------------------------------------------------- */

/* The seconds of UNDERTONE_PATIENCE, 0 for ever; UT_INVALID if it is no number. */
enum ut_status ut_ocl_patience(unsigned *patience, struct ut_error *error);

/*
 * Waits for the event, or for all that was enqueued. CL_SUCCESS, the error of
 * either, or OCL_NO_ANSWER when patience is over: the device is lost from then
 * on, and nothing waits for it any more.
 */
cl_int ut_ocl_await(struct ut_ocl *ocl, cl_event event);
cl_int ut_ocl_drain(struct ut_ocl *ocl);

/* Launching: ocl_launch.c -------------------------------------------------- */

/* Creates all kernels of ocl->program and asks for their groups. */
enum ut_status ut_ocl_kernels_init(struct ut_ocl *ocl, struct ut_error *error);
void ut_ocl_kernels_release(struct ut_ocl *ocl);

/* One launch in the making: begin, pass the arguments in order, run. */
struct ut_ocl_launch {
	struct ut_device *device;
	const struct ut_ocl_kernel *kernel;
	cl_uint next;
	cl_int code;
};

struct ut_ocl_launch ut_ocl_begin(struct ut_device *device,
				  enum ut_ocl_kernel_id id);
void ut_ocl_pass_slice(struct ut_ocl_launch *launch, struct ut_slice slice);
void ut_ocl_pass_uint(struct ut_ocl_launch *launch, size_t value);
void ut_ocl_pass_ulong(struct ut_ocl_launch *launch, size_t value);
void ut_ocl_pass_float(struct ut_ocl_launch *launch, float value);
/* The arguments UT_AFFINE of cl/affine.h. */
void ut_ocl_pass_affine(struct ut_ocl_launch *launch,
			const struct ut_affine *affine);

/* Enqueues x by y by R work-items, rounded up to whole groups. */
void ut_ocl_run(struct ut_ocl_launch *launch, size_t x, size_t y, unsigned R);

/* Work-items for n elements, or rows, of an elementwise kernel. */
size_t ut_ocl_items(const struct ut_device *device, size_t n);
size_t ut_ocl_row_items(const struct ut_device *device, size_t n);

/*
 * R parts of count floats for one operation's launches: the next to ask gets the
 * same memory. None after latching.
 */
struct ut_slice ut_ocl_scratch(struct ut_device *device, size_t R,
			       size_t count);

/* Gives that memory back. */
void ut_ocl_drop_scratch(struct ut_ocl *ocl);

static inline struct ut_ocl *ut_ocl_of(const struct ut_device *device)
{
	return device->state;
}

static inline size_t ut_ocl_divide_up(size_t n, size_t by)
{
	return (n + by - 1) / by;
}

static inline size_t ut_ocl_round_up(size_t n, size_t to)
{
	return ut_ocl_divide_up(n, to) * to;
}

static inline size_t ut_ocl_least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* n in parts as equal as can be, of at most `most`, multiples of step below. */
static inline size_t ut_ocl_part(size_t n, size_t most, size_t step)
{
	size_t parts = ut_ocl_divide_up(n, most > step ? most : step);

	return ut_ocl_round_up(ut_ocl_divide_up(n, parts), step);
}

/* Work-items that keep the compute units of a processor evenly busy. */
static inline size_t ut_ocl_wanted(const struct ut_ocl *ocl)
{
	return ocl->tunables.parts * (size_t)ocl->compute_units;
}

/* The slots of the table, one file a family as in cl/ ---------------------- */

bool ut_ocl_alloc(struct ut_device *device, struct ut_buffer *buffer);
void ut_ocl_release(struct ut_device *device, struct ut_buffer *buffer);
void ut_ocl_write(struct ut_device *device, struct ut_buffer *buffer,
		  size_t offset, size_t count, const void *data);
void ut_ocl_read(struct ut_device *device, struct ut_buffer *buffer,
		 size_t offset, size_t count, void *data);
void ut_ocl_stages_release(struct ut_ocl *ocl);
void ut_ocl_copy(struct ut_device *device, unsigned R, struct ut_slice from,
		 struct ut_slice to);
void ut_ocl_fill(struct ut_device *device, unsigned R, struct ut_slice x,
		 uint32_t bits);

void ut_ocl_linear_forward(struct ut_device *device,
			   const struct ut_linear *op);
bool ut_ocl_tuned_forward(struct ut_device *device, const struct ut_linear *op);

/* Floats of peak.cl's vectors: ocl_peak.c. */
unsigned ut_ocl_width(const struct ut_ocl *ocl);

/* The tuned library: ocl_tuned.c -------------------------------------------- */

/* Without a name where the build has none. */
extern const struct ut_library ut_ocl_library;

/*
 * Before the kernels are built: has the library make the products of the device
 * that is being opened, and says so in its info.
 */
enum ut_status ut_ocl_tuned_open(struct ut_device *device, struct ut_ocl *ocl,
				 struct ut_error *error);
void ut_ocl_tuned_close(struct ut_ocl_tuned *tuned);
void ut_ocl_linear_data(struct ut_device *device,
			const struct ut_linear_data *op);
void ut_ocl_linear_weights(struct ut_device *device,
			   const struct ut_linear_weights *op);

void ut_ocl_conv_forward(struct ut_device *device, const struct ut_conv *op);
void ut_ocl_conv_data(struct ut_device *device, const struct ut_conv_data *op);
void ut_ocl_conv_weights(struct ut_device *device,
			 const struct ut_conv_weights *op);

void ut_ocl_max_pool(struct ut_device *device, const struct ut_pool *op);
void ut_ocl_average_pool(struct ut_device *device, const struct ut_pool *op,
			 float inverse);
void ut_ocl_pool_data(struct ut_device *device, const struct ut_pool_data *op,
		      float inverse);

void ut_ocl_filter(struct ut_device *device, const struct ut_filter *op);
void ut_ocl_octaves(struct ut_device *device, const struct ut_octaves *op);

void ut_ocl_blend(struct ut_device *device, const struct ut_blend *op);

void ut_ocl_augment(struct ut_device *device, const struct ut_augment *op);

void ut_ocl_random(struct ut_device *device, const struct ut_random *op);
void ut_ocl_dropout(struct ut_device *device, const struct ut_dropout *op);

void ut_ocl_gather_images(struct ut_device *device, const struct ut_gather *op);
void ut_ocl_gather_labels(struct ut_device *device, unsigned R, size_t B,
			  size_t N, struct ut_slice labels, struct ut_slice ids,
			  struct ut_slice to);

void ut_ocl_cross_entropy(struct ut_device *device, const struct ut_loss *loss,
			  struct ut_slice labels, float inverse);
void ut_ocl_distil(struct ut_device *device, const struct ut_distil *op,
		   const struct ut_distil_scale *scale);
void ut_ocl_moments(struct ut_device *device, unsigned R, size_t B, size_t C,
		    size_t first, size_t count, struct ut_slice x,
		    struct ut_slice moments, float inverse);
void ut_ocl_mean(struct ut_device *device, unsigned R, struct ut_slice x,
		 struct ut_slice y, float inverse);

void ut_ocl_optimise(struct ut_device *device, unsigned R,
		     const struct ut_update *update, struct ut_slice w,
		     struct ut_slice g, struct ut_slice m, struct ut_slice v);

void ut_ocl_argmax(struct ut_device *device, unsigned R, size_t B, size_t C,
		   size_t first, size_t count, struct ut_slice x,
		   struct ut_slice to);
void ut_ocl_count_equal(struct ut_device *device, unsigned R, struct ut_slice a,
			struct ut_slice b, struct ut_slice total);
void ut_ocl_fma_chain(struct ut_device *device, struct ut_slice x, float a,
		      float b, uint32_t rounds);
void ut_ocl_check_finite(struct ut_device *device, unsigned R,
			 struct ut_slice x, struct ut_slice where);

#endif
