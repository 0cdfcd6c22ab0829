/* What students start from, and the ceiling. */
#include "lab/students.h"

#include "scalar.h"

/* Layers as another replica has them, or as nobody has. */
static void draw_control(struct ut_group *group, uint32_t layers)
{
	const struct ut_session *session = group->session;
	struct ut_slice arena = ut_group_arenas(group, group->student);
	enum ut_init init = (enum ut_init)session->recipe->init;
	uint32_t all = (uint32_t)session->recipe->replicas;
	unsigned r;

	if (session->recipe->distill.control == UT_CONTROL_FRESH) {
		ut_net_draw_layers(&session->net, session->device, group->R,
				   init,
				   ut_group_rng(group, UT_PURPOSE_FRESH, 0),
				   layers, arena);
		return;
	}
	/* replica r takes r + 1's, the last the first's: no fixed point */
	for (r = 0; r < group->R; ++r) {
		struct ut_rng rng = ut_group_rng(group, UT_PURPOSE_INIT, 0);

		rng.replica = (group->first + r + 1) % all;
		ut_net_draw_layers(&session->net, session->device, 1, init, rng,
				   layers, ut_slice_from(arena, r));
	}
}

/* The initialisation, perturb deviations away in a direction drawn like it. */
static void draw_nearby(struct ut_group *group, double perturb)
{
	const struct ut_session *session = group->session;
	struct ut_slice student = ut_group_arenas(group, group->student);

	/* what is not drawn, biases and padding, is +0 */
	ut_fill_f32(session->device, group->R, student, 0);
	ut_net_draw(&session->net, session->device, group->R,
		    (enum ut_init)session->recipe->init,
		    ut_group_rng(group, UT_PURPOSE_PERTURB, 0), student);
	ut_blend(session->device,
		 &(struct ut_blend){
			 .R = group->R,
			 .own = ut_clean((float)perturb),
			 .other = 1,
			 .x = ut_group_arenas(group, group->initial),
			 .y = student,
		 });
}

void ut_student_prepare(struct ut_group *group, enum ut_condition c)
{
	const struct ut_session *session = group->session;
	double perturb = session->recipe->distill.perturb;
	bool cross = c == UT_CROSS_AUX || c == UT_CROSS_ALL;

	if (perturb > 0 && !cross)
		draw_nearby(group, perturb);
	else
		ut_copy(session->device, group->R,
			ut_group_arenas(group, group->initial),
			ut_group_arenas(group, group->student));
	draw_control(group, cross ? UT_ALL_LAYERS : ~session->shared);
}

void ut_student_prepare_ceiling(struct ut_group *group)
{
	const struct ut_net *net = &group->session->net;
	struct ut_device *device = group->session->device;
	size_t head = net->layers[net->layer_count - 1].weight;
	struct ut_slice student = ut_group_arenas(group, group->student);
	struct ut_slice initial = ut_group_arenas(group, group->initial);

	ut_copy(device, group->R, ut_group_arenas(group, group->teacher),
		student);
	ut_copy(device, group->R,
		ut_slice_part(initial, head, net->parameters - head),
		ut_slice_part(student, head, net->parameters - head));
}
