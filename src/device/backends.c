/* The one file that knows which backends this build has. */
#include "config.h"
#include "device/backend.h"
#include "device/host/host.h"

#if UT_HAVE_OPENCL
extern const struct ut_backend ut_opencl_backend;
enum ut_status ut_opencl_list(struct ut_device_list *list,
			      struct ut_error *error);
#endif

const struct ut_backend_entry ut_backends[] = {
	{&ut_host_backend, ut_host_list},
#if UT_HAVE_OPENCL
	{&ut_opencl_backend, ut_opencl_list},
#endif
	{NULL, NULL},
};
