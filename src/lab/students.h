/* What students start from, and the ceiling; private to src/lab. */
#ifndef UT_STUDENTS_H
#define UT_STUDENTS_H

#include "lab/session.h"

/*
 * group->student = the student of condition c before training: the initialisation
 * as far as distill.share and distill.perturb say, or the control's.
 */
void ut_student_prepare(struct ut_group *group, enum ut_condition c);

/* group->student = the trained body under the initial head. */
void ut_student_prepare_ceiling(struct ut_group *group);

#endif
