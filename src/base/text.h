/* Strings: building them, parsing what users typed. */
#ifndef UT_TEXT_H
#define UT_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A string that grows. All zero is an empty one. When memory runs out, failed
 * latches and appending does nothing more; look at it once, at the end.
 */
struct ut_text {
	char *data; /* NUL-terminated; NULL while nothing was appended */
	size_t length, capacity;
	bool failed;
};

/*
 * Appends (printf format). Numbers are written as in the C locale, whatever the
 * process has set.
 */
void ut_text_append(struct ut_text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void ut_text_append_list(struct ut_text *text, const char *format,
			 va_list arguments)
	__attribute__((format(printf, 2, 0)));

/* Appends count bytes as they are. */
void ut_text_append_bytes(struct ut_text *text, const char *bytes,
			  size_t count);

/* The string so far: never NULL, owned by text, valid until the next append. */
const char *ut_text_string(const struct ut_text *text);

void ut_text_release(struct ut_text *text);

/*
 * The candidate (of count) nearest to word, for "did you mean": by the number
 * of letters to insert, drop, change or swap, case ignored. NULL when none is
 * near enough to be meant (more than a third of the word's letters, and one,
 * differ).
 */
const char *ut_text_nearest(const char *word, const char *const *candidates,
			    size_t count);

/*
 * Parse the whole of text, or return false and leave *out as it was: no space
 * before or after, no other locale's comma, nothing outside [min, max].
 */

/* Decimal digits alone. */
bool ut_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/*
 * [+-]digits[.digits][e[+-]digits], the nearest double; no inf, no nan, no hex.
 */
bool ut_parse_double(const char *text, double min, double max, double *out);

/* Whether text is UTF-8 (RFC 3629: no surrogates, nothing longer than needed). */
bool ut_text_is_utf8(const char *text);

/* Cuts spaces at both ends; returns the first letter left, within text. */
char *ut_text_trim(char *text);

/* The words of a comma list, trimmed. All zero is an empty list. */
struct ut_list {
	char **items; /* into storage */
	size_t count;
	char *storage;
};

/*
 * Splits text at its commas: "a, b" has two words, "" and "  " none, "a,,b"
 * three, of which one is empty. False when memory runs out. Release the list.
 */
bool ut_list_split(struct ut_list *list, const char *text);
void ut_list_release(struct ut_list *list);

#endif
