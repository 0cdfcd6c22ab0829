/* Test accuracies. */
#include <stdlib.h>

#include "lab/session.h"

/* Counts, for b test images from `at` on, the correct of a range of logits. */
static void count_correct(struct ut_group *group, size_t at, size_t b,
			  struct ut_buffer *labels, size_t first, size_t end)
{
	struct ut_session *session = group->session;
	struct ut_device *device = session->device;
	size_t N = session->data->test.count, B = group->watch.B;
	struct ut_slice ids = {session->test_ids, at, b, 0};
	struct ut_slice truth = {group->test_y, 0, b, 0};
	struct ut_slice guess = {group->predictions, 0, b, B};

	ut_gather_labels(device, 1, b, N, ut_slice_of(labels, N), ids, truth);
	ut_argmax(device, group->R, b, ut_net_columns(&session->net), first,
		  end - first, ut_net_logits(&session->net, &group->watch, b),
		  guess);
	ut_count_equal(device, group->R, guess, truth,
		       ut_slice_of(group->totals, 1));
}

/* Accuracies over the logits [first, end), labels counted from first. */
static enum ut_status accuracies(struct ut_group *group,
				 struct ut_buffer *buffer,
				 struct ut_buffer *labels, size_t first,
				 size_t end, double *accuracy,
				 struct ut_error *error)
{
	struct ut_session *session = group->session;
	struct ut_device *device = session->device;
	const struct ut_net *net = &session->net;
	size_t N = session->data->test.count, B = group->watch.B, at, r;
	size_t wide = net->layers[0].wide_D, D = net->inputs;
	uint32_t *totals = calloc(group->R, sizeof(*totals));
	enum ut_status status;

	if (!totals)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	ut_fill_u32(device, group->R, ut_slice_of(group->totals, 1), 0);
	for (at = 0; at < N; at += B) {
		size_t b = N - at < B ? N - at : B;
		/* one copy of the images, shared by all replicas */
		struct ut_slice x = {group->test_x, 0, b * wide, 0};

		ut_gather_images(device,
				 &(struct ut_gather){
					 .R = 1,
					 .B = b,
					 .N = N,
					 .D = D,
					 .width = wide,
					 .images = ut_slice_of(
						 session->test_images, N * D),
					 .ids = {session->test_ids, at, b, 0},
					 .affine = session->pixels,
					 .x = x,
				 });
		ut_net_forward(net, device, &group->watch, b, x,
			       ut_group_arenas(group, buffer), NULL);
		count_correct(group, at, b, labels, first, end);
	}
	status = ut_buffer_read(group->totals, 0, group->R, totals, error);
	for (r = 0; r < group->R && !status; ++r)
		accuracy[r] = (double)totals[r] / (double)N;
	free(totals);
	return status;
}

enum ut_status ut_group_evaluate(struct ut_group *group,
				 struct ut_buffer *buffer, double *accuracy,
				 double *present, struct ut_error *error)
{
	const struct ut_session *session = group->session;
	size_t classes = session->net.classes, r;
	enum ut_status status;

	status = accuracies(group, buffer, session->test_labels, 0, classes,
			    accuracy, error);
	if (status || !present)
		return status;
	if (session->end_class - session->first_class == classes) {
		for (r = 0; r < group->R; ++r)
			present[r] = accuracy[r];
		return UT_OK;
	}
	return accuracies(group, buffer, session->test_present,
			  session->first_class, session->end_class, present,
			  error);
}

enum { EVALUATE_ROWS = 1000 };

enum ut_status ut_experiment_evaluate(const struct ut_recipe *recipe,
				      const struct ut_dataset *data,
				      struct ut_device *device,
				      const float *arenas, unsigned replicas,
				      double *accuracy, double *present,
				      struct ut_error *error)
{
	struct ut_session session = {.recipe = recipe,
				     .data = data,
				     .device = device};
	struct ut_group group = {0};
	enum ut_status status = ut_session_init(&session, error);
	size_t P = session.net.parameters;
	unsigned r;

	if (!status)
		status = ut_group_init(&group, &session, 0, 1, EVALUATE_ROWS,
				       error);
	for (r = 0; r < replicas && !status; ++r) {
		ut_buffer_write(group.student, 0, P, arenas + r * P);
		status = ut_group_evaluate(&group, group.student, accuracy + r,
					   present + r, error);
	}
	ut_group_release(&group);
	ut_session_release(&session);
	return status;
}
