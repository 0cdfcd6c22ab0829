/* The texts of errors: see include/undertone/status.h. */
#include <undertone/status.h>

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum ut_status ut_error_set(struct ut_error *error, enum ut_status status,
			    const char *format, ...)
{
	va_list arguments;

	if (!error)
		return status;
	error->status = status;
	va_start(arguments, format);
	if (vsnprintf(error->text, sizeof(error->text), format, arguments) < 0)
		error->text[0] = '\0';
	va_end(arguments);
	return status;
}

enum ut_status ut_error_prefix(struct ut_error *error, const char *format, ...)
{
	char text[UT_ERROR_TEXT];
	va_list arguments;
	size_t length, rest;

	assert(error);
	va_start(arguments, format);
	if (vsnprintf(text, sizeof(text), format, arguments) < 0)
		text[0] = '\0';
	va_end(arguments);
	length = strlen(text);
	if (length + 2 >= sizeof(text))
		length = sizeof(text) - 3;
	memcpy(text + length, ": ", 2);
	length += 2;
	/* what does not fit is cut */
	rest = strlen(error->text);
	if (rest >= sizeof(text) - length)
		rest = sizeof(text) - length - 1;
	memmove(error->text + length, error->text, rest);
	memcpy(error->text, text, length);
	error->text[length + rest] = '\0';
	return error->status;
}
