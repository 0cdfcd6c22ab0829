/* What students start from, and the ceiling. */
#include "lab/students.h"

/* The initialisation of another replica, or one that is nobody's. */
static void draw_control(struct ut_group *group)
{
	const struct ut_session *session = group->session;
	struct ut_slice arena = ut_group_arenas(group, group->student);
	enum ut_init init = (enum ut_init)session->recipe->init;
	uint32_t all = (uint32_t)session->recipe->replicas;
	unsigned r;

	if (session->recipe->distill.control == UT_CONTROL_FRESH) {
		ut_net_draw(&session->net, session->device, group->R, init,
			    ut_group_rng(group, UT_PURPOSE_FRESH, 0), arena);
		return;
	}
	/* replica r takes r + 1's, the last the first's: no fixed point */
	for (r = 0; r < group->R; ++r) {
		struct ut_rng rng = ut_group_rng(group, UT_PURPOSE_INIT, 0);

		rng.replica = (group->first + r + 1) % all;
		ut_net_draw(&session->net, session->device, 1, init, rng,
			    ut_slice_from(arena, r));
	}
}

void ut_student_prepare(struct ut_group *group, enum ut_condition c)
{
	struct ut_device *device = group->session->device;
	struct ut_slice student = ut_group_arenas(group, group->student);

	ut_copy(device, group->R, ut_group_arenas(group, group->initial),
		student);
	if (c == UT_CROSS_AUX || c == UT_CROSS_ALL)
		draw_control(group);
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
