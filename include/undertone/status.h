/* Statuses and errors: how every function of the library says what failed. */
#ifndef UNDERTONE_STATUS_H
#define UNDERTONE_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

enum ut_status {
	UT_OK = 0,
	UT_INVALID,     /* the user's input makes no sense: recipe, option */
	UT_MISSING,     /* a file, data set or device is not there */
	UT_CORRUPT,     /* a file is there, its content is wrong */
	UT_EXISTS,      /* what was to be written is there already */
	UT_IO,          /* reading or writing failed */
	UT_MEMORY,      /* host or device memory ran out */
	UT_DEVICE,      /* a device or its driver failed */
	UT_NONFINITE,   /* a NaN or an infinity appeared in a computation */
	UT_INTERRUPTED, /* the user asked to stop */
};

enum { UT_ERROR_TEXT = 4096 };

/*
 * What failed, for people: lower case, the error first, then where and what to
 * do. Empty while nothing failed.
 */
struct ut_error {
	enum ut_status status;
	char text[UT_ERROR_TEXT];
};

/*
 * Sets status and text (printf format) and returns the status, so that a
 * function ends with `return ut_error_set(error, UT_IO, "...")`. A text too
 * long is cut. error may be NULL: then only the status is returned.
 */
enum ut_status ut_error_set(struct ut_error *error, enum ut_status status,
			    const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Puts "prefix: " (printf format) before the text of an error that is set
 * already, and returns its status.
 */
enum ut_status ut_error_prefix(struct ut_error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#ifdef __cplusplus
}
#endif

#endif
