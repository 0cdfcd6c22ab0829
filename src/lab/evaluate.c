/* What networks answer to the test images, and how good that is. */
#include <stdlib.h>
#include <string.h>

#include "data/robust.h"
#include "lab/session.h"
#include "report/statistics.h"

/* A group's networks before the test images. What is NULL is not asked for. */
struct look {
	struct ut_group *group;
	struct ut_slice arenas;
	struct ut_buffer *images; /* u8 (N, D) */
	uint32_t *answers;        /* (R, N): over all logits */
	uint32_t *present;   /* over those of the classes present, if fewer */
	double *differences; /* (R, N): second class less first */
	float *samples;      /* (R, sample_count, logits) */
	size_t sample_count;
	/* what comes back of a batch of B rows */
	uint32_t *labels; /* (R, B) */
	float *logits;    /* (R, B, columns) */
};

static bool look_init(struct look *look, struct ut_group *group,
		      struct ut_buffer *arenas, struct ut_buffer *images)
{
	const struct ut_session *session = group->session;
	size_t N = session->data->test.count, B = group->watch.B;

	*look = (struct look){
		.group = group,
		.arenas = ut_group_arenas(group, arenas),
		.images = images,
		.answers = calloc(group->R * N, sizeof(uint32_t)),
		.labels = calloc(group->R * B, sizeof(uint32_t)),
	};
	return look->answers && look->labels;
}

/* The same for all that struct ut_scores holds. */
static bool look_ask_all(struct look *look, const struct ut_scores *scores)
{
	const struct ut_group *group = look->group;
	const struct ut_session *session = group->session;
	size_t N = session->data->test.count;
	size_t columns = ut_net_columns(&session->net);
	bool part = session->end_class - session->first_class <
		    session->net.classes;

	if (part)
		look->present = calloc(group->R * N, sizeof(uint32_t));
	if (scores->auc)
		look->differences = calloc(group->R * N, sizeof(double));
	look->logits = calloc(group->R * group->watch.B * columns,
			      sizeof(*look->logits));
	return (look->present || !part) && look->logits &&
	       (look->differences || !scores->auc);
}

static void look_release(struct look *look)
{
	free(look->answers);
	free(look->present);
	free(look->differences);
	free(look->labels);
	free(look->logits);
}

/* Logits of the b test images from `at` on. */
static void forward(const struct look *look, size_t at, size_t b)
{
	struct ut_group *group = look->group;
	struct ut_session *session = group->session;
	const struct ut_net *net = &session->net;
	size_t N = session->data->test.count, wide = ut_net_input_width(net);
	size_t D = ut_dataset_image_bytes(session->data);
	/* one copy of the images, shared by all replicas */
	struct ut_slice x = {group->test_x, 0, b * wide, 0};

	ut_gather_images(session->device,
			 &(struct ut_gather){
				 .R = 1,
				 .B = b,
				 .N = N,
				 .D = D,
				 .width = wide,
				 .images = ut_slice_of(look->images, N * D),
				 .ids = {session->test_ids, at, b, 0},
				 .affine = session->pixels,
				 .x = x,
			 });
	ut_net_forward(net, session->device, &group->watch, b, x, look->arenas,
		       NULL);
}

/* The answers of b images over the logits [first, end), into to (R, N). */
static enum ut_status read_answers(const struct look *look, size_t at, size_t b,
				   size_t first, size_t end, uint32_t *to,
				   struct ut_error *error)
{
	struct ut_group *group = look->group;
	const struct ut_session *session = group->session;
	const struct ut_net *net = &session->net;
	size_t N = session->data->test.count, B = group->watch.B, r;
	enum ut_status status;

	ut_argmax(session->device, group->R, b, ut_net_columns(net), first,
		  end - first, ut_net_logits(net, &group->watch, b),
		  (struct ut_slice){group->predictions, 0, b, B});
	status = ut_buffer_read(group->predictions, 0, (group->R - 1) * B + b,
				look->labels, error);
	for (r = 0; r < group->R && !status; ++r)
		memcpy(to + r * N + at, look->labels + r * B, b * sizeof(*to));
	return status;
}

/* Takes what is asked for from a row of logits, image i of replica r. */
static void take_logits(const struct look *look, size_t r, size_t i,
			const float *logits)
{
	const struct ut_session *session = look->group->session;
	size_t count = session->net.classes + session->net.aux;
	size_t N = session->data->test.count, first = session->first_class;

	if (look->differences)
		look->differences[r * N + i] =
			(double)logits[first + 1] - (double)logits[first];
	if (i < look->sample_count)
		memcpy(look->samples + (r * look->sample_count + i) * count,
		       logits, count * sizeof(*logits));
}

static enum ut_status read_logits(const struct look *look, size_t at, size_t b,
				  struct ut_error *error)
{
	struct ut_group *group = look->group;
	const struct ut_net *net = &group->session->net;
	struct ut_slice slice = ut_net_logits(net, &group->watch, b);
	size_t columns = ut_net_columns(net), r, i;
	enum ut_status status;

	status = ut_buffer_read(slice.buffer, slice.offset,
				(group->R - 1) * slice.stride + b * columns,
				look->logits, error);
	for (r = 0; r < group->R && !status; ++r)
		for (i = 0; i < b; ++i)
			take_logits(look, r, at + i,
				    look->logits + r * slice.stride +
					    i * columns);
	return status;
}

static enum ut_status look_at_all(const struct look *look,
				  struct ut_error *error)
{
	const struct ut_session *session = look->group->session;
	size_t N = session->data->test.count, B = look->group->watch.B, at;
	enum ut_status status = UT_OK;

	for (at = 0; at < N && !status; at += B) {
		size_t b = N - at < B ? N - at : B;

		forward(look, at, b);
		status = read_answers(look, at, b, 0, session->net.classes,
				      look->answers, error);
		if (!status && look->present)
			status = read_answers(look, at, b, session->first_class,
					      session->end_class, look->present,
					      error);
		if (!status && (look->differences || at < look->sample_count))
			status = read_logits(look, at, b, error);
	}
	return status;
}

/* The share of the test images whose answer, plus first, is their label. */
static double share_right(const struct ut_session *session,
			  const uint32_t *answers, size_t first)
{
	const struct ut_split *test = &session->data->test;
	size_t right = 0, i;

	for (i = 0; i < test->count; ++i)
		right += answers[i] + first == test->labels[i];
	return (double)right / (double)test->count;
}

static enum ut_status score_auc(const struct look *look, double *auc,
				struct ut_error *error)
{
	const struct ut_session *session = look->group->session;
	const struct ut_split *test = &session->data->test;
	bool *second = calloc(test->count, sizeof(*second));
	enum ut_status status = UT_OK;
	size_t N = test->count, i, r;

	if (!second)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	for (i = 0; i < N; ++i)
		second[i] = test->labels[i] == session->first_class + 1;
	for (r = 0; r < look->group->R && !status; ++r)
		status = ut_auc(look->differences + r * N, second, N, auc + r,
				error);
	free(second);
	return status;
}

/* Scores of what was seen, for the replicas from `slot` on. */
static enum ut_status score(const struct look *look, struct ut_scores *scores,
			    size_t slot, struct ut_error *error)
{
	const struct ut_session *session = look->group->session;
	const struct ut_split *test = &session->data->test;
	size_t N = test->count, classes = session->net.classes, r;
	size_t cells = classes * classes;
	uint32_t *confusion;

	for (r = 0; r < look->group->R; ++r) {
		const uint32_t *answers = look->answers + r * N;

		scores->accuracy[slot + r] = share_right(session, answers, 0);
		scores->present[slot + r] =
			look->present
				? share_right(session, look->present + r * N,
					      session->first_class)
				: scores->accuracy[slot + r];
		if (!scores->confusion)
			continue;
		confusion = scores->confusion + (slot + r) * cells;
		memset(confusion, 0, cells * sizeof(*confusion));
		ut_confusion(test->labels, answers, N, classes, confusion);
	}
	return scores->auc ? score_auc(look, scores->auc + slot, error) : UT_OK;
}

enum ut_status ut_group_accuracy(struct ut_group *group,
				 struct ut_buffer *arenas, double *accuracy,
				 struct ut_error *error)
{
	const struct ut_session *session = group->session;
	size_t N = session->data->test.count, r;
	struct look look;
	enum ut_status status;

	if (look_init(&look, group, arenas, session->test_images))
		status = look_at_all(&look, error);
	else
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	for (r = 0; r < group->R && !status; ++r)
		accuracy[r] = share_right(session, look.answers + r * N, 0);
	look_release(&look);
	return status;
}

/* View 0 is the test images as they are, the others are changed copies. */
static unsigned count_views(const struct ut_recipe *recipe)
{
	return recipe->robustness ? 1 + UT_ROBUST_KINDS : 1;
}

static enum ut_status open_view(struct ut_session *session, unsigned view,
				struct ut_buffer **images,
				struct ut_error *error)
{
	const struct ut_dataset *data = session->data;
	size_t N = data->test.count, bytes = N * ut_dataset_image_bytes(data);
	uint8_t *copy;

	*images = session->test_images;
	if (!view)
		return UT_OK;
	copy = malloc(bytes);
	if (!copy)
		return ut_error_set(error, UT_MEMORY,
				    "out of memory for changed copies of the "
				    "test images");
	ut_robust_copy((enum ut_robust)(view - 1), N, data->height, data->width,
		       data->channels, data->test.images, copy,
		       (uint32_t)session->recipe->seed);
	*images = ut_buffer_new(session->device, UT_U8, bytes);
	if (*images)
		ut_buffer_write(*images, 0, bytes, copy);
	free(copy);
	return ut_device_finish(session->device, error);
}

static void close_view(unsigned view, struct ut_buffer *images)
{
	if (view)
		ut_buffer_free(images);
}

/* Measures one view of a condition, for the replicas from `slot` on. */
static enum ut_status measure(struct ut_group *group, struct ut_buffer *arenas,
			      unsigned view, struct ut_buffer *images,
			      enum ut_condition c, struct ut_results *results,
			      size_t slot, struct ut_error *error)
{
	size_t logits = results->classes + results->aux;
	struct ut_scores *scores =
		view ? &results->robust[c][view - 1] : &results->scores[c];
	struct look look;
	enum ut_status status;

	if (look_init(&look, group, arenas, images) &&
	    look_ask_all(&look, scores)) {
		if (!view && results->samples) {
			look.sample_count = results->samples;
			look.samples = results->sample_logits[c] +
				       slot * results->samples * logits;
		}
		status = look_at_all(&look, error);
	} else {
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	}
	if (!status)
		status = score(&look, scores, slot, error);
	look_release(&look);
	return status;
}

enum ut_status ut_group_measure(struct ut_group *group,
				struct ut_buffer *arenas, enum ut_condition c,
				struct ut_error *error)
{
	struct ut_session *session = group->session;
	unsigned views = count_views(session->recipe), view;
	enum ut_status status = UT_OK;

	for (view = 0; view < views && !status; ++view) {
		struct ut_buffer *images = NULL;

		status = open_view(session, view, &images, error);
		if (!status)
			status = measure(group, arenas, view, images, c,
					 session->results, group->first, error);
		close_view(view, images);
	}
	return status;
}

enum ut_status ut_experiment_evaluate(const struct ut_recipe *recipe,
				      const struct ut_dataset *data,
				      struct ut_device *device,
				      enum ut_condition c, const float *arenas,
				      struct ut_results *results,
				      struct ut_error *error)
{
	struct ut_session session = {.recipe = recipe,
				     .data = data,
				     .device = device};
	struct ut_group group = {0};
	enum ut_status status = ut_session_init(&session, error);
	unsigned views = count_views(recipe), view;
	size_t P = session.net.parameters, r;

	if (!status)
		status = ut_session_upload(&session, error);
	if (!status)
		status = ut_group_init(&group, &session, 0, 1,
				       ut_session_rows(&session), error);
	for (view = 0; view < views && !status; ++view) {
		struct ut_buffer *images = NULL;

		status = open_view(&session, view, &images, error);
		for (r = 0; r < results->replicas && !status; ++r) {
			ut_buffer_write(group.student, 0, P, arenas + r * P);
			status = measure(&group, group.student, view, images, c,
					 results, r, error);
		}
		close_view(view, images);
	}
	ut_group_release(&group);
	ut_session_release(&session);
	return status;
}
