/* The library's version. */
#include <undertone/version.h>

#include "config.h"

const char *ut_version(void)
{
	return UT_VERSION;
}
