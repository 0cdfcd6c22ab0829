/* A golden file as a case: its network, its plan, its inputs on a device. */
#include "golden.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "operands.h"

double *golden_tensor(const struct golden *g, size_t *count, const char *format,
		      ...)
{
	char name[64];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(name, sizeof(name), format, arguments);
	va_end(arguments);
	return test_tensor(g->tensors, name, count);
}

/* Appends "PREFIX N SUFFIX" for each number of a comma list. */
static void append_layers(struct ut_text *text, const char *list,
			  const char *prefix, const char *suffix)
{
	while (*list) {
		size_t length = strcspn(list, ",");

		ut_text_append(text, "%s%s %.*s%s", text->length ? ", " : "",
			       prefix, (int)length, list, suffix);
		list += length + (list[length] == ',');
	}
}

/* "1,28,28": channels, height, width; or "784": one row of numbers. */
static struct ut_volume read_volume(const char *text)
{
	struct ut_volume v = {1, 1, 0};

	if (sscanf(text, "%zu,%zu,%zu", &v.C, &v.H, &v.W) == 2)
		ck_abort_msg("an input of two dimensions: %s", text);
	return v;
}

static void open_net(struct golden *g)
{
	struct ut_text description = {0};
	struct ut_error error = {0};

	append_layers(&description, test_tensors_text(g->tensors, "conv"),
		      "conv", ", pool");
	append_layers(&description, test_tensors_text(g->tensors, "hidden"),
		      "fc", "");
	if (ut_net_init(&g->net, ut_text_string(&description),
			read_volume(test_tensors_text(g->tensors, "input")),
			(size_t)test_tensors_number(g->tensors, "main"),
			(size_t)test_tensors_number(g->tensors, "aux"), &error))
		ck_abort_msg("%s", error.text);
	ut_text_release(&description);
}

struct golden golden_open(const char *name)
{
	char path[64];
	struct golden g = {0};
	const char *kind;

	snprintf(path, sizeof(path), "tests/golden/%s.safetensors", name);
	g.tensors = test_tensors_read(path);
	g.loss = test_tensors_text(g.tensors, "loss");
	g.dropout = test_tensors_number(g.tensors, "dropout");
	g.temperature = test_tensors_number(g.tensors, "temperature");
	g.alpha = test_tensors_number(g.tensors, "alpha");
	g.B = (size_t)test_tensors_number(g.tensors, "batch");
	open_net(&g);
	g.C = g.net.classes + g.net.aux;
	g.wide = ut_net_columns(&g.net);
	kind = test_tensors_text(g.tensors, "optimizer");
	g.plan = (struct ut_optimiser_plan){
		.kind = !strcmp(kind, "sgd")     ? UT_SGD
			: !strcmp(kind, "adamw") ? UT_ADAMW
						 : UT_ADAM,
		.schedule = strcmp(test_tensors_text(g.tensors, "schedule"),
				   "cosine")
				    ? UT_CONSTANT
				    : UT_COSINE,
		.rate = test_tensors_number(g.tensors, "lr"),
		.beta1 = test_tensors_number(g.tensors, "beta1"),
		.beta2 = test_tensors_number(g.tensors, "beta2"),
		.epsilon = test_tensors_number(g.tensors, "eps"),
		.decay = test_tensors_number(g.tensors, "weight_decay"),
		.steps = (uint64_t)test_tensors_number(g.tensors, "steps"),
	};
	if (g.plan.kind == UT_SGD)
		g.plan.beta1 = test_tensors_number(g.tensors, "momentum");
	return g;
}

struct ut_slice golden_arena(struct ut_device *device, const struct golden *g,
			     unsigned R, const char *role)
{
	size_t P = g->net.parameters, i, d, o, count, inputs;
	unsigned r;
	float *arena = test_alloc(R * P, sizeof(*arena));
	struct ut_slice slice;

	for (i = 0; i < g->net.layer_count; ++i) {
		const struct ut_layer *layer = &g->net.layers[i];
		double *w = golden_tensor(g, &count, "%s.%s.weight", role,
					  layer->name);
		double *b = golden_tensor(g, &count, "%s.%s.bias", role,
					  layer->name);

		inputs = ut_layer_fan_in(layer);
		for (o = 0; o < layer->out.C; ++o) {
			for (d = 0; d < inputs; ++d)
				arena[ut_layer_weight_at(layer, o, d)] =
					(float)w[o * inputs + d];
			arena[layer->bias + o] = (float)b[o];
		}
		free(w);
		free(b);
	}
	for (r = 1; r < R; ++r)
		memcpy(arena + r * P, arena, P * sizeof(*arena));
	slice = test_upload_f32(device, arena, R, P);
	free(arena);
	return slice;
}

struct ut_slice golden_input(struct ut_device *device, const struct golden *g,
			     unsigned k)
{
	struct ut_volume v = g->net.image;
	size_t places = v.H * v.W, D = places * v.C, count, i, d;
	size_t wide = ut_net_input_width(&g->net);
	double *x = golden_tensor(g, &count, "step%u.input", k);
	float *padded = test_alloc(g->B * wide, sizeof(*padded));
	struct ut_slice slice;

	ck_assert_uint_eq(count, g->B * D);
	for (i = 0; i < g->B; ++i)
		for (d = 0; d < D; ++d)
			padded[i * wide + d % places * v.C + d / places] =
				(float)x[i * D + d];
	slice = test_upload_f32(device, padded, 1, g->B * wide);
	slice.stride = 0;
	free(padded);
	free(x);
	return slice;
}

struct ut_slice golden_labels(struct ut_device *device, const struct golden *g,
			      unsigned k)
{
	size_t count, i;
	double *wide = golden_tensor(g, &count, "step%u.labels", k);
	uint32_t *labels = test_alloc(count, sizeof(*labels));
	struct ut_slice slice;

	for (i = 0; i < count; ++i)
		labels[i] = (uint32_t)wide[i];
	slice = test_upload_u32(device, labels, 1, count);
	slice.stride = 0;
	free(labels);
	free(wide);
	return slice;
}
