/* The backends of undertone-faulty: the host, and one with a fault. */
#include "device/host/host.h"
#include "support/faulty.h"

const struct ut_backend_entry ut_backends[] = {
	{&ut_host_backend, ut_host_list},
	{&test_faulty_backend, test_faulty_list},
	{NULL, NULL},
};
