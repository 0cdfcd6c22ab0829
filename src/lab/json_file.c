/* JSON files, read as the hostile input that they may be. */
#include "lab/json_file.h"

#include <stdlib.h>

#include "base/file.h"

enum { FILE_LIMIT = 64 << 20 };

enum ut_status ut_json_read(json_t **json, const char *path, const char *what,
			    struct ut_error *error)
{
	json_error_t problem;
	enum ut_status status;
	char *text;
	size_t bytes;

	*json = NULL;
	status = ut_file_read(path, FILE_LIMIT, &text, &bytes, error);
	if (status)
		return status;
	*json = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &problem);
	free(text);
	if (!*json)
		return ut_error_set(error, UT_CORRUPT,
				    "%s: not %s: line %d: %s", path, what,
				    problem.line, problem.text);
	if (json_is_object(*json))
		return UT_OK;
	json_decref(*json);
	*json = NULL;
	return ut_error_set(error, UT_CORRUPT, "%s: not %s: no JSON object",
			    path, what);
}

bool ut_json_append(json_t *json, struct ut_text *text)
{
	char *dumped = json ? json_dumps(json, JSON_INDENT(2) |
						       JSON_REAL_PRECISION(12))
			    : NULL;

	if (dumped)
		ut_text_append(text, "%s\n", dumped);
	json_decref(json);
	free(dumped);
	return dumped && !text->failed;
}
