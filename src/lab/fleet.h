/*
 * A fleet: the devices of an experiment, which share its replicas. Groups of
 * replicas are handed out to whichever device is free, a thread each. Nothing
 * that is measured depends on who did what; private to src/lab.
 */
#ifndef UT_FLEET_H
#define UT_FLEET_H

#include "lab/session.h"

/*
 * Does replicas first .. first + R - 1 on the session's device. session->kept
 * says where they go on, and what they took is left in its progress.
 */
typedef enum ut_status ut_fleet_work(struct ut_session *session, unsigned first,
				     unsigned R, struct ut_error *error);

/*
 * Has all replicas done that are not finished yet by the checkpoint, on the
 * devices of the experiment, as ut_experiment_run says. session has all that is
 * the same on every device, and the progress that is planned.
 */
enum ut_status ut_fleet_run(const struct ut_experiment *experiment,
			    const struct ut_session *session,
			    ut_fleet_work *work, struct ut_error *error);

#endif
