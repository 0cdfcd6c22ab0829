/* The data on the device, and room for a group of replicas. */
#include "lab/session.h"

#include <stdlib.h>

#include "data/order.h"

enum { PIXEL_MAX = 255 };

/* Of ImageNet's pixels, red, green, blue: what most of its models expect. */
static const double imagenet_mean[] = {0.485, 0.456, 0.406};
static const double imagenet_deviation[] = {0.229, 0.224, 0.225};

/* Pixel to float, clause 6: fma(pixel, scale, shift), by channel. */
static enum ut_status set_scale(struct ut_session *session,
				struct ut_error *error)
{
	const struct ut_dataset *data = session->data;
	double *mean = session->mean, *deviation = session->deviation;
	struct ut_affine *pixels = &session->pixels;
	int scale = session->recipe->data.scale;
	unsigned c;

	if (scale == UT_SCALE_IMAGENET && data->channels != 3)
		return ut_error_set(error, UT_INVALID,
				    "data.scale = imagenet is for images in "
				    "colour; those of %s have one channel",
				    data->name);
	pixels->channels = (unsigned)data->channels;
	if (scale == UT_SCALE_STANDARD)
		ut_split_moments(data, &data->train, mean, deviation);
	for (c = 0; c < pixels->channels; ++c) {
		if (scale == UT_SCALE_SYMMETRIC) {
			mean[c] = deviation[c] = 0.5;
		} else if (scale == UT_SCALE_UNIT) {
			mean[c] = 0;
			deviation[c] = 1;
		} else if (scale == UT_SCALE_IMAGENET) {
			mean[c] = imagenet_mean[c];
			deviation[c] = imagenet_deviation[c];
		}
		if (!(deviation[c] > 0))
			return ut_error_set(error, UT_INVALID,
					    "data.scale = standard: all "
					    "training pixels of %s are equal; "
					    "scale them by unit or symmetric",
					    data->name);
		pixels->scale[c] = (float)(1 / (PIXEL_MAX * deviation[c]));
		pixels->shift[c] = (float)(-mean[c] / deviation[c]);
	}
	return UT_OK;
}

static struct ut_buffer *upload(struct ut_device *device, enum ut_type type,
				const void *data, size_t count)
{
	struct ut_buffer *buffer = ut_buffer_new(device, type, count);

	if (buffer)
		ut_buffer_write(buffer, 0, count, data);
	return buffer;
}

static void upload_test(struct ut_session *session)
{
	const struct ut_dataset *data = session->data;
	size_t count = data->test.count;
	uint32_t *ids = malloc(count * sizeof(*ids));

	session->test_images = upload(session->device, UT_U8, data->test.images,
				      count * ut_dataset_image_bytes(data));
	if (ids) {
		ut_order_sequential(ids, count);
		session->test_ids = upload(session->device, UT_U32, ids, count);
	}
	free(ids);
}

enum ut_status ut_session_init(struct ut_session *session,
			       struct ut_error *error)
{
	const struct ut_dataset *data = session->data;
	enum ut_status status;

	session->steps_between_waits = 1;
	status = ut_experiment_net(session->recipe, data, &session->net, error);
	if (!status)
		status = ut_recipe_classes(session->recipe, data->classes,
					   &session->first_class,
					   &session->end_class, error);
	if (!status)
		status = ut_recipe_shared(session->recipe, &session->net,
					  &session->shared, error);
	return status ? status : set_scale(session, error);
}

enum ut_status ut_session_upload(struct ut_session *session,
				 struct ut_error *error)
{
	const struct ut_dataset *data = session->data;
	enum ut_status status;

	if (session->results) {
		session->images =
			upload(session->device, UT_U8, data->train.images,
			       data->train.count *
				       ut_dataset_image_bytes(data));
		session->labels = upload(session->device, UT_U8,
					 data->train.labels, data->train.count);
	}
	if (session->results && data->shown)
		session->shown = upload(session->device, UT_U8,
					data->shown->train.images,
					data->shown->train.count *
						ut_dataset_image_bytes(data));
	upload_test(session);
	status = ut_device_finish(session->device, error);
	if (!status && !session->test_ids)
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	return status;
}

uint64_t ut_session_epochs(const struct ut_session *session,
			   enum ut_condition phase)
{
	uint64_t all = ut_recipe_training(session->recipe, phase)->epochs;

	return session->epochs && session->epochs < all ? session->epochs : all;
}

enum ut_status ut_session_stage(const struct ut_session *session,
				enum ut_stage_kind kind,
				enum ut_condition phase, uint64_t epoch,
				size_t step, struct ut_error *error)
{
	const struct ut_observer *watcher = session->observer;
	const struct ut_stage stage = {
		.kind = kind,
		.phase = phase,
		.first = session->progress.first,
		.replicas = session->progress.replicas,
		.epoch = epoch,
		.step = step,
		.device = session->device,
		.results = session->results,
	};

	return watcher->stage ? watcher->stage(watcher->user, &stage, error)
			      : UT_OK;
}

size_t ut_session_rows(const struct ut_session *session)
{
	const size_t most = 512, bytes = 64 << 20;
	double each = ut_activations_bytes(&session->net, false);
	size_t rows = (size_t)((double)bytes / each);

	if (rows > most)
		return most;
	return rows ? rows : 1;
}

double ut_session_look_flop(const struct ut_session *session)
{
	return ut_net_forward_flop(&session->net) *
	       (double)session->data->test.count;
}

void ut_session_release(struct ut_session *session)
{
	ut_buffer_free(session->images);
	ut_buffer_free(session->labels);
	ut_buffer_free(session->shown);
	ut_buffer_free(session->test_images);
	ut_buffer_free(session->test_ids);
}

enum ut_status ut_group_init(struct ut_group *group, struct ut_session *session,
			     unsigned first, unsigned R, size_t watch_B,
			     struct ut_error *error)
{
	struct ut_device *device = session->device;
	const struct ut_net *net = &session->net;
	size_t P = net->parameters, wide = ut_net_input_width(net);
	enum ut_status status;

	*group = (struct ut_group){.session = session, .first = first, .R = R};
	group->initial = ut_buffer_new(device, UT_F32, R * P);
	group->teacher = ut_buffer_new(device, UT_F32, R * P);
	group->student = ut_buffer_new(device, UT_F32, R * P);
	ut_activations_init(&group->watch, net, device, R, watch_B, false);
	group->test_x = ut_buffer_new(device, UT_F32, watch_B * wide);
	group->predictions = ut_buffer_new(device, UT_U32, R * watch_B);
	group->arenas = malloc(R * P * sizeof(float));
	status = ut_device_finish(device, error);
	if (!status && !group->arenas)
		status = ut_error_set(error, UT_MEMORY,
				      "out of memory for "
				      "the weights of %u replicas",
				      R);
	return status;
}

void ut_group_release(struct ut_group *group)
{
	ut_buffer_free(group->initial);
	ut_buffer_free(group->teacher);
	ut_buffer_free(group->student);
	ut_activations_release(&group->watch);
	ut_buffer_free(group->test_x);
	ut_buffer_free(group->predictions);
	free(group->arenas);
	*group = (struct ut_group){0};
}

struct ut_slice ut_group_arenas(const struct ut_group *group,
				struct ut_buffer *buffer)
{
	return ut_slice_of(buffer, group->session->net.parameters);
}

struct ut_rng ut_group_rng(const struct ut_group *group,
			   enum ut_purpose purpose, uint32_t stream)
{
	return (struct ut_rng){
		.seed = (uint32_t)group->session->recipe->seed,
		.purpose = purpose,
		.stream = stream,
		.replica = group->first,
	};
}
