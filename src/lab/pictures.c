/* Pictures of what networks were shown. */
#include "lab/pictures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "lab/trainer.h"

enum {
	PICTURES = 16,          /* of each kind, at most */
	PICTURES_LEAST = 2,     /* however large they are */
	NUMBERS = 1 << 20,      /* of each kind, about */
	FILE_LIMIT = 256 << 20, /* bytes */
};

#define FILE_NAME "pictures.safetensors"

/* Writing ------------------------------------------------------------------- */

/* One small replica, whose first batches are those of the run. */
struct studio {
	struct ut_recipe recipe;
	const struct ut_dataset *data;
	size_t count; /* pictures of a kind */
	struct ut_observer nobody;
	struct ut_results none;
	struct ut_session session;
	struct ut_group group;
	struct ut_tensors file;
};

static void *add(struct studio *s, const char *name, enum ut_tensor_type type,
		 size_t count)
{
	const struct ut_dataset *data = s->data;

	return ut_tensors_add_of(&s->file, name, type,
				 (struct ut_shape){4,
						   {count, data->height,
						    data->width,
						    data->channels}});
}

/* What a trainer of the phase is fed in its first step. */
static enum ut_status feed(struct studio *s, struct ut_trainer *t,
			   enum ut_condition phase, struct ut_error *error)
{
	enum ut_status status = ut_trainer_init(t, &s->group, phase, error);

	if (status)
		return status;
	ut_trainer_begin_epoch(t, 1);
	ut_trainer_feed(t, 0);
	return ut_device_finish(s->session.device, error);
}

/* The images of the batch, before augmentation. */
static enum ut_status take_train(struct studio *s, struct ut_trainer *t,
				 struct ut_error *error)
{
	const struct ut_split *train = &s->data->train;
	size_t bytes = ut_dataset_image_bytes(s->data), b, i;
	enum ut_status status;
	uint32_t ids[PICTURES];
	uint8_t *to;

	b = ut_trainer_batch(t, 0);
	b = b < s->count ? b : s->count;
	status = ut_buffer_read(t->ids, 0, b, ids, error);
	to = status ? NULL : add(s, "train", UT_TENSOR_U8, b);
	for (i = 0; to && i < b; ++i)
		memcpy(to + i * bytes, train->images + ids[i] * bytes, bytes);
	if (status || !t->changed)
		return status;
	to = add(s, "augmented", UT_TENSOR_U8, b);
	return to ? ut_buffer_read(t->changed, 0, b * bytes, to, error) : UT_OK;
}

/* The rows of x are wider than an image. */
static enum ut_status take_noise(struct studio *s, struct ut_trainer *t,
				 struct ut_error *error)
{
	size_t D = ut_dataset_image_bytes(s->data), b, i;
	size_t wide = ut_net_input_width(&s->session.net);
	enum ut_status status = UT_OK;
	float *to;

	b = ut_trainer_batch(t, 0);
	b = b < s->count ? b : s->count;
	to = add(s, "noise", UT_TENSOR_F32, b);
	for (i = 0; to && i < b && !status; ++i)
		status = ut_buffer_read(t->x, i * wide, D, to + i * D, error);
	return status;
}

static enum ut_status take(struct studio *s, enum ut_condition phase,
			   struct ut_error *error)
{
	struct ut_trainer trainer = {0};
	enum ut_status status = feed(s, &trainer, phase, error);

	if (!status)
		status = phase == UT_TEACHER ? take_train(s, &trainer, error)
					     : take_noise(s, &trainer, error);
	ut_trainer_release(&trainer);
	return status;
}

static void take_test(struct studio *s)
{
	const struct ut_split *test = &s->data->test;
	size_t count = test->count < s->count ? test->count : s->count;
	uint8_t *to = add(s, "test", UT_TENSOR_U8, count);

	if (to)
		memcpy(to, test->images,
		       count * ut_dataset_image_bytes(s->data));
}

static enum ut_status take_all(struct studio *s, struct ut_error *error)
{
	enum ut_status status = UT_OK;
	int c;

	/* larger types come first */
	for (c = 0; c < UT_CONDITIONS; ++c)
		if (s->recipe.conditions & 1u << c &&
		    ut_condition_is_student(c)) {
			status = take(s, c, error);
			break;
		}
	if (!status)
		status = take(s, UT_TEACHER, error);
	if (!status)
		take_test(s);
	return status;
}

static enum ut_status write_file(const struct studio *s, const char *folder,
				 struct ut_error *error)
{
	char *path = ut_path_join(folder, FILE_NAME);
	enum ut_status status;

	if (!path || s->file.failed)
		status = ut_error_set(error, UT_MEMORY,
				      "out of memory for " FILE_NAME);
	else
		status = ut_tensors_write(&s->file, path, error);
	free(path);
	return status;
}

/* Batches are as small as what is kept of them. */
static void shrink(struct ut_training *training, size_t count)
{
	if (training->batch > count)
		training->batch = count;
}

enum ut_status ut_pictures_write(const struct ut_recipe *recipe,
				 const struct ut_dataset *data,
				 struct ut_device *device, const char *folder,
				 struct ut_error *error)
{
	size_t count = NUMBERS / ut_dataset_image_bytes(data);
	struct studio s = {.recipe = *recipe, .data = data};
	enum ut_status status;

	s.count = count > PICTURES         ? PICTURES
		  : count < PICTURES_LEAST ? PICTURES_LEAST
					   : count;
	s.recipe.replicas = 1;
	s.recipe.diagnostics = 0;
	shrink(&s.recipe.teacher, s.count);
	shrink(&s.recipe.distill.training, s.count);
	s.session = (struct ut_session){.recipe = &s.recipe,
					.data = data,
					.device = device,
					.observer = &s.nobody,
					.results = &s.none};
	status = ut_session_init(&s.session, error);
	if (!status)
		status = ut_session_upload(&s.session, error);
	if (!status)
		status = ut_group_init(&s.group, &s.session, 0, 1, s.count,
				       error);
	if (!status)
		status = take_all(&s, error);
	if (!status)
		status = write_file(&s, folder, error);
	ut_tensors_release(&s.file);
	ut_group_release(&s.group);
	ut_session_release(&s.session);
	return status;
}

/* Reading ------------------------------------------------------------------- */

static bool all_finite(const float *numbers, size_t count)
{
	size_t i;

	for (i = 0; i < count; ++i)
		if (!isfinite(numbers[i]))
			return false;
	return true;
}

/* Takes a tensor that may be one of ours; false when it is wrong. */
static bool take_part(struct ut_pictures *p, struct ut_tensor_view tensor)
{
	struct {
		const char *name;
		struct ut_pictures_part *part;
	} parts[] = {
		{"train", &p->train},
		{"augmented", &p->augmented},
		{"noise", &p->noise},
		{"test", &p->test},
	};
	const size_t *sizes = tensor.shape.sizes;
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(*parts); ++i) {
		struct ut_pictures_part *part = parts[i].part;
		bool noise = part == &p->noise;

		if (strcmp(tensor.name, parts[i].name))
			continue;
		if (tensor.shape.dimensions != 4 || sizes[0] > PICTURES ||
		    sizes[1] != p->height || sizes[2] != p->width ||
		    sizes[3] != p->channels ||
		    tensor.type != (noise ? UT_TENSOR_F32 : UT_TENSOR_U8) ||
		    (noise && !all_finite(tensor.numbers,
					  ut_shape_elements(&tensor.shape))))
			return false;
		part->count = sizes[0];
		if (noise)
			part->numbers = tensor.numbers;
		else
			part->bytes = tensor.numbers;
	}
	return true;
}

static enum ut_status read_file(struct ut_pictures *p, const char *path,
				struct ut_error *error)
{
	enum ut_status status;
	struct stat info;
	size_t i;

	if (stat(path, &info) || !S_ISREG(info.st_mode) ||
	    info.st_size > FILE_LIMIT)
		return ut_error_set(error, UT_CORRUPT,
				    "%s: not a file, or too large", path);
	status = ut_tensors_read(&p->file, path, error);
	for (i = 0; i < p->file.count && !status; ++i) {
		struct ut_tensor_view tensor = ut_tensors_at(&p->file, i);

		if (!take_part(p, tensor))
			status = ut_error_set(error, UT_CORRUPT,
					      "%s: '%s' is not pictures of "
					      "the run's size",
					      path, tensor.name);
	}
	if (!status && p->augmented.count &&
	    p->augmented.count != p->train.count)
		status = ut_error_set(error, UT_CORRUPT,
				      "%s: not as many augmented images as "
				      "there are of before",
				      path);
	return status;
}

enum ut_status ut_pictures_read(struct ut_pictures *pictures,
				const char *folder, size_t height, size_t width,
				size_t channels, struct ut_error *error)
{
	char *path = ut_path_join(folder, FILE_NAME);
	enum ut_status status = UT_OK;

	*pictures = (struct ut_pictures){.height = height,
					 .width = width,
					 .channels = channels};
	if (!path)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	if (ut_file_exists(path))
		status = read_file(pictures, path, error);
	free(path);
	return status;
}

void ut_pictures_release(struct ut_pictures *pictures)
{
	ut_tensors_release(&pictures->file);
	*pictures = (struct ut_pictures){0};
}
