/* What a recipe demands of a device's memory. */
#include "lab/demand.h"

#include "lab/diagnostics.h"
#include "lab/noise.h"

size_t ut_demand_rows(const struct ut_session *session)
{
	size_t batch = session->recipe->distill.training.batch;
	size_t rows = ut_session_rows(session);

	return rows < batch ? batch : rows;
}

/* Bytes on the device that one more replica costs, about. */
static double replica_bytes(const struct ut_session *session)
{
	const struct ut_recipe *recipe = session->recipe;
	const struct ut_net *net = &session->net;
	size_t batch = recipe->teacher.batch > recipe->distill.training.batch
			       ? recipe->teacher.batch
			       : recipe->distill.training.batch;
	double input = 4 * (double)ut_net_input_width(net);
	double floats = 6.0 * (double)net->parameters +
			(double)recipe->distill.images +
			(double)session->data->train.count;

	if (ut_recipe_shows_images(recipe))
		floats += (double)recipe->distill.images;
	/* inputs, and what noise or changed images come from */
	return 4 * floats + (double)session->data->train.count +
	       ut_noise_bytes(session, recipe->distill.training.batch) +
	       (double)batch * (2 * input + ut_activations_bytes(net, true)) +
	       (double)ut_demand_rows(session) *
		       ut_activations_bytes(net, false);
}

unsigned ut_demand_group(const struct ut_session *session)
{
	const struct ut_recipe *recipe = session->recipe;
	const struct ut_device_info *info = ut_device_about(session->device);
	/* what the first layer has to do side by side: images, or pixels */
	double rows = (double)recipe->distill.training.batch *
		      (double)session->net.layers[0].out.H *
		      (double)session->net.layers[0].out.W;
	double fit = (double)info->memory_bytes / 2 / replica_bytes(session);
	double wanted = (double)recipe->group;

	if (!recipe->group)
		wanted = info->kind == UT_KIND_HOST || info->kind == UT_KIND_CPU
				 ? 1 + 1024.0 / rows
				 : (double)recipe->replicas;
	if (wanted > (double)recipe->replicas)
		wanted = (double)recipe->replicas;
	if (info->memory_bytes && wanted > fit && !recipe->group)
		wanted = fit < 1 ? 1 : fit;
	return (unsigned)wanted;
}

/* Bytes of ordinary memory that a run takes beside the device's, about. */
static double host_bytes(const struct ut_session *session, unsigned size)
{
	const struct ut_recipe *recipe = session->recipe;
	double replicas = (double)recipe->replicas, arenas = size, ids;

	if (recipe->diagnostics)
		arenas += UT_DIAGNOSTICS_ARENAS * (double)size;
	/* kept for the run's files, of which one at a time is put together */
	if (recipe->save == UT_SAVE_FIRST)
		arenas += UT_CONDITIONS;
	else if (recipe->save == UT_SAVE_ALL)
		arenas += replicas * UT_CONDITIONS;
	ids = (double)(recipe->distill.images > session->data->train.count
			       ? recipe->distill.images
			       : session->data->train.count);
	/* the shown images' order is made of two more lists */
	if (ut_recipe_shows_images(recipe))
		ids *= 3;
	return 4 * (ids + arenas * (double)session->net.parameters);
}

/*
 * Bytes of the images on the device; on a processor with those that they are
 * copied from, unless these lie in a file.
 */
static double data_bytes(const struct ut_session *session, bool processor)
{
	const struct ut_dataset *data = session->data;
	bool held = !data->loading.mapped ||
		    session->recipe->data.split == UT_SPLIT_MERGED;
	double each = (double)ut_dataset_image_bytes(data);
	double bytes = each * (double)(data->train.count + data->test.count);
	double shown =
		data->shown ? each * (double)data->shown->train.count : 0;

	if (processor && data->shown && !data->shown->loading.mapped)
		shown *= 2;
	return (processor && held ? 2 * bytes : bytes) + shown;
}

enum ut_status ut_demand_check(const struct ut_session *session,
			       struct ut_error *error)
{
	const struct ut_device_info *info = ut_device_about(session->device);
	bool processor =
		info->kind == UT_KIND_HOST || info->kind == UT_KIND_CPU;
	unsigned size = ut_demand_group(session);
	double images = data_bytes(session, processor);
	double bytes = images + size * replica_bytes(session);

	if (processor)
		bytes += host_bytes(session, size);
	if (!info->memory_bytes || bytes <= (double)info->memory_bytes)
		return UT_OK;
	return ut_error_set(error, UT_MEMORY,
			    "the recipe takes about %.1f GiB (%.1f of them for "
			    "the data), but %s has %.1f; make group, replicas "
			    "(or save = none), net, batch, distill.images, "
			    "image.size or data.limit smaller",
			    bytes / (1 << 30), images / (1 << 30), info->name,
			    (double)info->memory_bytes / (1 << 30));
}
