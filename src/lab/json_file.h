/* JSON: files, read as the hostile input that they may be, and text. */
#ifndef UT_JSON_FILE_H
#define UT_JSON_FILE_H

#include <jansson.h>

#include "base/text.h"

#include <undertone/status.h>

/*
 * Reads a file that is one JSON object; release it with json_decref. UT_CORRUPT:
 * "PATH: not WHAT: ...". On failure *json is NULL.
 */
enum ut_status ut_json_read(json_t **json, const char *path, const char *what,
			    struct ut_error *error);

/*
 * Appends a value, which is given up, and a newline. False when memory ran out,
 * as where there is no value.
 */
bool ut_json_append(json_t *json, struct ut_text *text);

#endif
