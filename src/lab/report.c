/* Reports: of a run, or of a sweep. */
#include "lab/report.h"

enum ut_status ut_report(const char *const *folders, size_t count,
			 const char *out, struct ut_error *error)
{
	if (count == 1)
		return ut_report_run(folders[0], out, error);
	return ut_error_set(error, UT_INVALID, "not yet");
}
