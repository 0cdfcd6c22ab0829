/* JSON files, read as the hostile input that they may be. */
#ifndef UT_JSON_FILE_H
#define UT_JSON_FILE_H

#include <jansson.h>

#include <undertone/status.h>

/*
 * Reads a file that is one JSON object; release it with json_decref. UT_CORRUPT:
 * "PATH: not WHAT: ...". On failure *json is NULL.
 */
enum ut_status ut_json_read(json_t **json, const char *path, const char *what,
			    struct ut_error *error);

#endif
