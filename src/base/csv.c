/* Tables of numbers as runs leave them: a header, commas, no quotes. */
#include "base/csv.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

static size_t count_of(const char *text, size_t bytes, char letter)
{
	size_t count = 0, i;

	for (i = 0; i < bytes; ++i)
		count += text[i] == letter;
	return count;
}

/* Cuts a line, which its newline ends, at its commas. */
static size_t cut_line(char **fields, size_t most, char **text)
{
	char *at = *text;
	size_t count = 0;

	for (;;) {
		size_t length = strcspn(at, ",\n");
		char end = at[length];

		if (count < most)
			fields[count] = at;
		++count;
		at[length] = '\0';
		at += length + 1;
		if (end == '\n')
			break;
	}
	*text = at;
	return count;
}

static enum ut_status cut(struct ut_csv *csv, size_t lines,
			  struct ut_error *error)
{
	char *at = csv->text;
	size_t line, fields;

	for (line = 0; line < lines; ++line) {
		fields = cut_line(csv->fields + line * csv->columns,
				  csv->columns, &at);
		if (fields != csv->columns)
			return ut_error_set(error, UT_CORRUPT,
					    "%s: line %zu has %zu fields, not "
					    "%zu as the first",
					    csv->path, line + 1, fields,
					    csv->columns);
	}
	return UT_OK;
}

enum ut_status ut_csv_read(struct ut_csv *csv, const char *path, size_t limit,
			   struct ut_error *error)
{
	enum ut_status status;
	size_t bytes, lines;

	*csv = (struct ut_csv){.path = malloc(strlen(path) + 1)};
	if (!csv->path)
		return ut_error_set(error, UT_MEMORY, "out of memory");
	strcpy(csv->path, path);
	status = ut_file_read(path, limit, &csv->text, &bytes, error);
	if (status)
		return status;
	if (!bytes || csv->text[bytes - 1] != '\n' ||
	    memchr(csv->text, '\0', bytes))
		return ut_error_set(error, UT_CORRUPT,
				    "%s: not a whole table: it does not end in "
				    "a newline, or is no text",
				    path);
	lines = count_of(csv->text, bytes, '\n');
	csv->rows = lines - 1;
	csv->columns = 1 + count_of(csv->text, strcspn(csv->text, "\n"), ',');
	/* a field takes a byte at least, if only its comma */
	if (lines > bytes / csv->columns)
		return ut_error_set(error, UT_CORRUPT,
				    "%s: rows have fewer fields than the first "
				    "line has names",
				    path);
	csv->fields = calloc(lines * csv->columns, sizeof(*csv->fields));
	if (!csv->fields)
		return ut_error_set(error, UT_MEMORY, "out of memory for %s",
				    path);
	return cut(csv, lines, error);
}

void ut_csv_release(struct ut_csv *csv)
{
	free(csv->path);
	free(csv->text);
	free(csv->fields);
	*csv = (struct ut_csv){0};
}

enum ut_status ut_csv_check_names(const struct ut_csv *csv, const char *names,
				  struct ut_error *error)
{
	const char *at = names;
	size_t column;

	for (column = 0; *at; ++column) {
		size_t length = strcspn(at, ",");

		if (column == csv->columns ||
		    strlen(csv->fields[column]) != length ||
		    strncmp(csv->fields[column], at, length))
			return ut_error_set(error, UT_CORRUPT,
					    "%s: column %zu is not '%.*s'",
					    csv->path, column + 1, (int)length,
					    at);
		at += length + (at[length] == ',');
	}
	return UT_OK;
}

const char *ut_csv_field(const struct ut_csv *csv, size_t row, size_t column)
{
	return csv->fields[(row + 1) * csv->columns + column];
}

enum ut_status ut_csv_complain(const struct ut_csv *csv, size_t row,
			       const char *wrong, struct ut_error *error)
{
	return ut_error_set(error, UT_CORRUPT, "%s: line %zu: %s", csv->path,
			    row + 2, wrong);
}
