/*
 * Tunings: the numbers that kernels are built with and work is cut by, as a line
 * of text; and which of them a device gets. They change no bit of a result.
 */
#include "ocl.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <undertone/tuning.h>

#include "base/text.h"
#include "scalar.h"

enum { CPU = 1, GPU = 2 };

/*
 * In the order in which they are written, and tried: first those for which nothing
 * is compiled anew.
 */
static const struct number {
	const char *name;
	size_t at;            /* in struct ut_ocl_tunables */
	unsigned shapes;      /* that have it */
	unsigned least, most; /* legal values: */
	unsigned step;        /* multiples of it, or 0: powers of two */
	bool asked_only;      /* no candidate, and not written when 0 */
} numbers[] = {
#define AT(member) offsetof(struct ut_ocl_tunables, member)
	{"columns", AT(columns), CPU, 16, 4096, 0, false},
	{"parts", AT(parts), CPU, 1, 64, 0, false},
	{"outputs", AT(outputs), CPU, 4, 256, 0, false},
	{"panel", AT(panel), CPU, 16 * UT_CHUNK, 64 * UT_CHUNK * 16,
	 16 * UT_CHUNK, false},
	{"span", AT(span), CPU, 64, 65536, 0, false},
	{"row-span", AT(row_span), CPU, 1, 4096, 0, false},
	{"block", AT(block), GPU, 4, 8, 0, false},
	{"side", AT(side), GPU, 4, 32, 0, false},
	{"depth", AT(depth), GPU, 8, 64, 0, false},
	{"pad", AT(pad), GPU, 0, 1, 1, false},
	{"group", AT(group), GPU, 1, 1024, 0, false},
	{"fast-math", AT(fast_math), CPU | GPU, 0, 1, 1, true},
#undef AT
};

enum { NUMBERS = sizeof(numbers) / sizeof(*numbers) };

static unsigned *number_of(struct ut_ocl_tunables *t, size_t i)
{
	return (unsigned *)((char *)t + numbers[i].at);
}

static unsigned value_of(const struct ut_ocl_tunables *t, size_t i)
{
	return *(const unsigned *)((const char *)t + numbers[i].at);
}

static bool has(const struct ut_ocl_tunables *t, size_t i)
{
	return numbers[i].shapes & (t->gpu_shape ? GPU : CPU);
}

static const char *shape_name(bool gpu)
{
	return gpu ? "gpu" : "cpu";
}

static bool is_legal(const struct number *n, unsigned value)
{
	if (value < n->least || value > n->most)
		return false;
	return n->step ? value % n->step == 0 : !(value & (value - 1));
}

/* Texts --------------------------------------------------------------------- */

void ut_ocl_tuning_write(const struct ut_ocl_tunables *t, struct ut_text *text)
{
	size_t i;

	ut_text_append(text, "shape=%s", shape_name(t->gpu_shape));
	for (i = 0; i < NUMBERS; ++i)
		if (has(t, i) && (value_of(t, i) || !numbers[i].asked_only))
			ut_text_append(text, ",%s=%u", numbers[i].name,
				       value_of(t, i));
}

static enum ut_status refuse_value(const struct number *n, const char *value,
				   struct ut_error *error)
{
	if (n->step)
		return ut_error_set(error, UT_INVALID,
				    "%s=%s: it can be a multiple of %u from %u "
				    "to %u",
				    n->name, value, n->step, n->least, n->most);
	return ut_error_set(error, UT_INVALID,
			    "%s=%s: it can be a power of two from %u to %u",
			    n->name, value, n->least, n->most);
}

static enum ut_status refuse_name(const char *name, bool gpu,
				  struct ut_error *error)
{
	const char *names[NUMBERS + 1] = {"shape"}, *near;
	struct ut_text all = {0};
	size_t i, count = 1;

	ut_text_append(&all, "shape");
	for (i = 0; i < NUMBERS; ++i) {
		if (!(numbers[i].shapes & (gpu ? GPU : CPU)))
			continue;
		names[count++] = numbers[i].name;
		ut_text_append(&all, ", %s", numbers[i].name);
	}
	near = ut_text_nearest(name, names, count);
	ut_error_set(error, UT_INVALID,
		     "no number '%s' of the %s shape%s%s%s; there are: %s",
		     name, shape_name(gpu), near ? " (did you mean '" : "",
		     near ? near : "", near ? "'?)" : "", ut_text_string(&all));
	ut_text_release(&all);
	return UT_INVALID;
}

/* What single numbers cannot say: conv_gpu.cl's conditions. */
static enum ut_status check(const struct ut_ocl_tunables *t,
			    struct ut_error *error)
{
	if (!t->gpu_shape || !t->block || !t->depth)
		return UT_OK;
	if (t->side % t->block)
		return ut_error_set(error, UT_INVALID,
				    "side=%u is less than block=%u", t->side,
				    t->block);
	if (t->side * t->side % t->depth)
		return ut_error_set(error, UT_INVALID,
				    "depth=%u is more than side=%u has "
				    "work-items, %u",
				    t->depth, t->side, t->side * t->side);
	return UT_OK;
}

/* One "name=value", of the shape that *t has. */
static enum ut_status set(struct ut_ocl_tunables *t, const char *word,
			  struct ut_error *error)
{
	const char *equals = strchr(word, '=');
	char name[32];
	uint64_t value;
	size_t i;

	if (!equals || (size_t)(equals - word) >= sizeof(name))
		return ut_error_set(error, UT_INVALID,
				    "cannot read '%s': a number is set as "
				    "name=value, and commas are between them",
				    word);
	memcpy(name, word, (size_t)(equals - word));
	name[equals - word] = '\0';
	if (!strcmp(name, "shape"))
		return UT_OK;
	for (i = 0; i < NUMBERS; ++i)
		if (has(t, i) && !strcmp(numbers[i].name, name))
			break;
	if (i == NUMBERS)
		return refuse_name(name, t->gpu_shape, error);
	if (!ut_parse_u64(equals + 1, 0, UINT32_MAX, &value) ||
	    !is_legal(&numbers[i], (unsigned)value))
		return refuse_value(&numbers[i], equals + 1, error);
	*number_of(t, i) = (unsigned)value;
	return UT_OK;
}

/* No name twice. */
static enum ut_status check_names(const struct ut_list *words,
				  struct ut_error *error)
{
	size_t i, j, length;

	for (i = 0; i < words->count; ++i) {
		length = strcspn(words->items[i], "=") + 1;
		for (j = 0; j < i; ++j)
			if (!strncmp(words->items[i], words->items[j], length))
				return ut_error_set(error, UT_INVALID,
						    "%s and %s: which is it?",
						    words->items[j],
						    words->items[i]);
	}
	return UT_OK;
}

/* The shape that the words name, else as it is. */
static enum ut_status set_shape(bool *gpu, const struct ut_list *words,
				struct ut_error *error)
{
	size_t i;

	for (i = 0; i < words->count; ++i) {
		const char *word = words->items[i];

		if (strncmp(word, "shape=", 6))
			continue;
		if (strcmp(word + 6, "cpu") && strcmp(word + 6, "gpu"))
			return ut_error_set(error, UT_INVALID,
					    "%s: it can be cpu or gpu", word);
		*gpu = word[6] == 'g';
	}
	return UT_OK;
}

/* Choosing ------------------------------------------------------------------ */

static bool is_cpu(const struct ut_ocl *ocl)
{
	cl_device_type type = 0;

	clGetDeviceInfo(ocl->id, CL_DEVICE_TYPE, sizeof(type), &type, NULL);
	return type & CL_DEVICE_TYPE_CPU;
}

/*
 * Floats of tile_cpu.h's panel: within what a second-level cache keeps beside
 * the rest, and what the kernel leaves of the local memory.
 */
static unsigned default_panel(cl_ulong local_bytes)
{
	enum { PIECE = 16 * UT_CHUNK, MOST_PIECES = 13, REST_BYTES = 12288 };
	unsigned pieces = 1;

	while (pieces < MOST_PIECES &&
	       (pieces + 1) * PIECE * sizeof(float) + REST_BYTES <= local_bytes)
		++pieces;
	return PIECE * pieces;
}

static struct ut_ocl_tunables defaults(const struct ut_ocl *ocl, bool gpu)
{
	cl_ulong local = 0;
	size_t group = 0;

	clGetDeviceInfo(ocl->id, CL_DEVICE_LOCAL_MEM_SIZE, sizeof(local),
			&local, NULL);
	clGetDeviceInfo(ocl->id, CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof(group),
			&group, NULL);
	return (struct ut_ocl_tunables){
		.gpu_shape = gpu,
		.panel = default_panel(local),
		.columns = 256,
		.parts = 4,
		.outputs = 32,
		.span = 1024,
		.row_span = 32,
		.block = 4,
		.side = group < 256 ? 8 : 16,
		.depth = 16,
		.pad = 1,
		.group = 64,
	};
}

/* *t = what the text says, over usual[gpu]; untouched on error. */
static enum ut_status parse(const struct ut_ocl_tunables usual[2], bool gpu,
			    const char *text, struct ut_ocl_tunables *t,
			    struct ut_error *error)
{
	struct ut_ocl_tunables made;
	struct ut_list words = {0};
	enum ut_status status;
	size_t i;

	if (!ut_list_split(&words, text))
		return ut_error_set(error, UT_MEMORY, "out of memory");
	status = check_names(&words, error);
	if (!status)
		status = set_shape(&gpu, &words, error);
	made = usual[gpu];
	for (i = 0; i < words.count && !status; ++i)
		status = set(&made, words.items[i], error);
	if (!status)
		status = check(&made, error);
	ut_list_release(&words);
	if (!status)
		*t = made;
	return status;
}

static enum ut_status take(struct ut_ocl *ocl, const char *text,
			   struct ut_error *error)
{
	const struct ut_ocl_tunables usual[2] = {defaults(ocl, false),
						 defaults(ocl, true)};

	return parse(usual, !is_cpu(ocl), text, &ocl->tunables, error);
}

void ut_ocl_tuning_reset(struct ut_ocl *ocl)
{
	ocl->tunables = defaults(ocl, !is_cpu(ocl));
}

/* What was kept for this device; what cannot be read counts as nothing. */
static void take_kept(struct ut_ocl *ocl)
{
	struct ut_device_info info;
	char text[UT_DEVICE_TUNING];

	memcpy(info.tuning_key, ocl->tuning_key, sizeof(ocl->tuning_key));
	if (ut_tuning_kept(&info, text) && !take(ocl, text, NULL) &&
	    ocl->tunables.fast_math)
		ut_ocl_tuning_reset(ocl);
}

enum ut_status ut_ocl_tuning_choose(struct ut_ocl *ocl, struct ut_error *error)
{
	const char *asked = getenv("UNDERTONE_TUNING");
	enum ut_status status = UT_OK;

	ut_ocl_tuning_reset(ocl);
	ut_ocl_key(ocl, "tuning", ocl->tuning_key);
	if (asked && *asked) {
		if (strcmp(asked, "default"))
			status = take(ocl, asked, error);
		if (status)
			ut_error_prefix(error, "UNDERTONE_TUNING");
		ocl->tunables.asked = !status;
	} else {
		take_kept(ocl);
	}
	return status;
}

bool ut_ocl_is_tuned(const struct ut_ocl *ocl)
{
	const struct ut_ocl_tunables *t = &ocl->tunables;
	struct ut_ocl_tunables usual = defaults(ocl, t->gpu_shape);
	size_t i;

	for (i = 0; i < NUMBERS; ++i)
		if (has(t, i) && !numbers[i].asked_only &&
		    value_of(t, i) != value_of(&usual, i))
			return true;
	return false;
}

void ut_ocl_tuning_level(const struct ut_ocl *ocl, char level[UT_DEVICE_TEXT])
{
	const struct ut_ocl_tunables *t = &ocl->tunables;

	snprintf(level, UT_DEVICE_TEXT, "%s shape%s%s%s%s%s",
		 shape_name(t->gpu_shape),
		 ocl->repairs & UT_REPAIR_DIVIDE
			 ? ", exact division in integers"
			 : "",
		 ocl->repairs & UT_REPAIR_FMA ? ", fma from sums" : "",
		 ocl->repairs & UT_REPAIR_GUARD ? ", guarded products" : "",
		 ut_ocl_is_tuned(ocl) ? t->asked ? ", tuning given" : ", tuned"
				      : "",
		 t->fast_math ? ", fast-math" : "");
}

/* Searching ----------------------------------------------------------------- */

/* Half of the i-th number, or twice it; false if there is no such value. */
static bool step(struct ut_ocl_tunables *t, size_t i, bool up)
{
	const struct number *n = &numbers[i];
	unsigned before = value_of(t, i), after = up ? 2 * before : before / 2;

	if (!has(t, i) || n->asked_only)
		return false;
	if (n->step)
		after = after / n->step * n->step;
	if (up && !after)
		after = n->step;
	*number_of(t, i) = after;
	return after != before && is_legal(n, after) && !check(t, NULL);
}

bool ut_ocl_tuning_neighbour(const char *tuning, size_t i,
			     char neighbour[UT_DEVICE_TUNING])
{
	const struct ut_ocl_tunables none[2] = {{.gpu_shape = false},
						{.gpu_shape = true}};
	struct ut_ocl_tunables from, to;
	struct ut_text text = {0};
	size_t j;

	if (parse(none, false, tuning, &from, NULL))
		return false;
	for (j = 0; j < 2 * NUMBERS; ++j) {
		to = from;
		if (step(&to, j / 2, j % 2) && !i--)
			break;
	}
	if (j < 2 * NUMBERS)
		ut_ocl_tuning_write(&to, &text);
	else if (!i)
		ut_text_append(&text, "shape=%s", shape_name(!from.gpu_shape));
	snprintf(neighbour, UT_DEVICE_TUNING, "%s", ut_text_string(&text));
	ut_text_release(&text);
	return *neighbour;
}
