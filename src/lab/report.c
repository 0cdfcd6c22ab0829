/* Reports: of a run, or of a sweep. */
#include "lab/report.h"

#include <stdlib.h>

#include "base/file.h"
#include "lab/report_sweep.h"
#include "lab/sweep_folder.h"

static enum ut_status has_file(const char *folder, const char *name, bool *has,
			       struct ut_error *error)
{
	char *path = ut_path_join(folder, name);

	if (!path)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	*has = ut_file_exists(path);
	free(path);
	return UT_OK;
}

enum ut_status ut_report(const char *const *folders, size_t count,
			 const char *out, struct ut_error *error)
{
	enum ut_status status = UT_OK;
	bool run = false, sweep = false;
	size_t i;

	for (i = 0; i < count && !status; ++i) {
		status = has_file(folders[i], UT_SWEEP_FILE, &sweep, error);
		if (!status)
			status = has_file(folders[i], UT_RECEIPT_FILE, &run,
					  error);
		if (status)
			break;
		if (!run && !sweep)
			return ut_error_set(error, UT_MISSING,
					    "%s is neither a run's folder "
					    "(no " UT_RECEIPT_FILE
					    ") nor a sweep's "
					    "(no " UT_SWEEP_FILE ")",
					    folders[i]);
		if (!sweep && count > 1)
			return ut_error_set(error, UT_INVALID,
					    "%s is a run's folder: several "
					    "folders are gathered only where "
					    "they are shards of one sweep",
					    folders[i]);
	}
	if (status)
		return status;
	return sweep ? ut_report_sweep(folders, count, out, error)
		     : ut_report_run(folders[0], out, error);
}
