/* Tables of numbers as runs leave them: a header, commas, no quotes. */
#ifndef UT_CSV_H
#define UT_CSV_H

#include <stddef.h>

#include <undertone/status.h>

/* All zero is an empty one. */
struct ut_csv {
	char *path, *text;
	char **fields; /* (rows + 1, columns), into text; row 0 the names */
	size_t rows, columns;
};

/*
 * Reads a table of at most limit bytes. UT_CORRUPT for one that does not end in
 * a newline (it was cut), for a row that has more or fewer fields than there
 * are names. Release it either way.
 */
enum ut_status ut_csv_read(struct ut_csv *csv, const char *path, size_t limit,
			   struct ut_error *error);
void ut_csv_release(struct ut_csv *csv);

/* UT_CORRUPT unless the first names are these, commas between. */
enum ut_status ut_csv_check_names(const struct ut_csv *csv, const char *names,
				  struct ut_error *error);

/* A field; rows count from 0, the header not among them. */
const char *ut_csv_field(const struct ut_csv *csv, size_t row, size_t column);

/* UT_CORRUPT: "PATH: line N: what is wrong". */
enum ut_status ut_csv_complain(const struct ut_csv *csv, size_t row,
			       const char *wrong, struct ut_error *error);

#endif
