/* Networks as tests have them. */
#ifndef UT_TEST_NETWORKS_H
#define UT_TEST_NETWORKS_H

#include "nn/net.h"

/* A network that can be built; the test fails where it cannot. */
struct ut_net test_net(struct ut_volume image, const char *description,
		       size_t classes, size_t aux);

/* Fails unless everything added by rounding widths up is +0 in an arena. */
void test_net_padding(const struct ut_net *net, const float *arena);

#endif
