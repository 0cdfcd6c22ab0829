/* Strings: building them, parsing what users typed. */
#include "base/text.h"

#include <ctype.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The C locale for this thread, so that numbers have a point: enter before,
 * leave after. Where it cannot be had (no memory), the thread's own stays.
 */
struct c_locale {
	locale_t ours, theirs;
};

static struct c_locale c_locale_enter(void)
{
	struct c_locale c = {
		.ours = newlocale(LC_ALL_MASK, "C", (locale_t)0),
	};

	if (c.ours)
		c.theirs = uselocale(c.ours);
	return c;
}

static void c_locale_leave(struct c_locale c)
{
	if (!c.ours)
		return;
	uselocale(c.theirs);
	freelocale(c.ours);
}

/* Makes room for more bytes and a NUL. */
static bool text_reserve(struct ut_text *text, size_t more)
{
	size_t capacity = text->capacity ? text->capacity : 64;
	char *data;

	if (more >= SIZE_MAX / 4 - text->length) {
		text->failed = true;
		return false;
	}
	while (capacity <= text->length + more)
		capacity *= 2;
	if (capacity == text->capacity)
		return true;
	data = realloc(text->data, capacity);
	if (!data) {
		text->failed = true;
		return false;
	}
	text->data = data;
	text->capacity = capacity;
	return true;
}

static void text_append(struct ut_text *text, const char *format,
			va_list arguments)
{
	va_list again;
	int length;

	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0) {
		text->failed = true;
		return;
	}
	if (!text_reserve(text, (size_t)length))
		return;
	vsnprintf(text->data + text->length, (size_t)length + 1, format,
		  arguments);
	text->length += (size_t)length;
}

void ut_text_append_list(struct ut_text *text, const char *format,
			 va_list arguments)
{
	struct c_locale locale;

	if (text->failed)
		return;
	locale = c_locale_enter();
	text_append(text, format, arguments);
	c_locale_leave(locale);
}

void ut_text_append(struct ut_text *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	ut_text_append_list(text, format, arguments);
	va_end(arguments);
}

void ut_text_append_bytes(struct ut_text *text, const char *bytes, size_t count)
{
	if (text->failed || !count || !text_reserve(text, count))
		return;
	memcpy(text->data + text->length, bytes, count);
	text->length += count;
	text->data[text->length] = '\0';
}

const char *ut_text_string(const struct ut_text *text)
{
	return text->data ? text->data : "";
}

void ut_text_release(struct ut_text *text)
{
	free(text->data);
	*text = (struct ut_text){0};
}

enum { LONGEST_WORD = 64 };

static int lower(char c)
{
	return tolower((unsigned char)c);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment distance; words up to LONGEST_WORD letters. */
static size_t edit_distance(const char *a, size_t na, const char *b, size_t nb)
{
	size_t rows[3][LONGEST_WORD + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];
	size_t i, j;

	for (j = 0; j <= nb; ++j)
		before[j] = last[j] = j;
	for (i = 1; i <= na; ++i) {
		size_t *oldest = before;

		row[0] = i;
		for (j = 1; j <= nb; ++j) {
			int same = lower(a[i - 1]) == lower(b[j - 1]);

			row[j] = least(last[j - 1] + !same,
				       least(last[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 &&
			    lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]))
				row[j] = least(row[j], before[j - 2] + 1);
		}
		before = last;
		last = row;
		row = oldest;
	}
	return last[nb];
}

const char *ut_text_nearest(const char *word, const char *const *candidates,
			    size_t count)
{
	size_t length = strlen(word);
	size_t near = length / 3 + 2; /* what is nearer counts */
	const char *nearest = NULL;
	size_t i;

	if (length > LONGEST_WORD)
		return NULL;
	for (i = 0; i < count; ++i) {
		size_t other = strlen(candidates[i]);
		size_t distance;

		if (other > LONGEST_WORD)
			continue;
		distance = edit_distance(word, length, candidates[i], other);
		/* a change of every letter is another word */
		if (distance < near && distance < other) {
			near = distance;
			nearest = candidates[i];
		}
	}
	return nearest;
}

bool ut_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;
	const char *c;

	for (c = text; *c >= '0' && *c <= '9'; ++c) {
		unsigned digit = (unsigned)(*c - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return false;
		value = 10 * value + digit;
	}
	if (c == text || *c || value < min || value > max)
		return false;
	*out = value;
	return true;
}

static const char *skip_digits(const char *c, bool *any)
{
	for (; *c >= '0' && *c <= '9'; ++c)
		*any = true;
	return c;
}

static bool is_decimal(const char *c)
{
	bool mantissa = false, exponent = false;

	c += *c == '+' || *c == '-';
	c = skip_digits(c, &mantissa);
	if (*c == '.')
		c = skip_digits(c + 1, &mantissa);
	if (!mantissa)
		return false;
	if (*c == 'e' || *c == 'E') {
		++c;
		c += *c == '+' || *c == '-';
		c = skip_digits(c, &exponent);
		if (!exponent)
			return false;
	}
	return !*c;
}

bool ut_parse_double(const char *text, double min, double max, double *out)
{
	struct c_locale locale;
	double value;

	if (!is_decimal(text))
		return false;
	locale = c_locale_enter();
	value = strtod(text, NULL);
	c_locale_leave(locale);
	/* infinite when too large */
	if (!(value >= min && value <= max) || value - value != 0)
		return false;
	*out = value;
	return true;
}

/* Bytes of the character that text begins with; 0 where that is none. */
static size_t utf8_length(const unsigned char *text)
{
	unsigned lead = text[0], low = 0x80, high = 0xbf;
	size_t length, i;

	if (lead < 0x80)
		return 1;
	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	/* too long for its number, a surrogate, beyond the last */
	if (lead == 0xe0)
		low = 0xa0;
	else if (lead == 0xed)
		high = 0x9f;
	else if (lead == 0xf0)
		low = 0x90;
	else if (lead == 0xf4)
		high = 0x8f;
	for (i = 1; i < length; ++i, low = 0x80, high = 0xbf)
		if (text[i] < low || text[i] > high)
			return 0;
	return length;
}

bool ut_text_is_utf8(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	while (*at) {
		size_t length = utf8_length(at);

		if (!length)
			return false;
		at += length;
	}
	return true;
}

char *ut_text_trim(char *text)
{
	size_t length;

	while (isspace((unsigned char)*text))
		++text;
	length = strlen(text);
	while (length && isspace((unsigned char)text[length - 1]))
		--length;
	text[length] = '\0';
	return text;
}

bool ut_list_split(struct ut_list *list, const char *text)
{
	size_t bytes = strlen(text) + 1, commas = 0, i;
	char *c;

	*list = (struct ut_list){0};
	for (i = 0; text[i]; ++i)
		commas += text[i] == ',';
	list->storage = malloc(bytes);
	list->items = malloc((commas + 1) * sizeof(*list->items));
	if (!list->storage || !list->items) {
		ut_list_release(list);
		return false;
	}
	memcpy(list->storage, text, bytes);
	if (!commas && !*ut_text_trim(list->storage))
		return true;
	for (c = list->storage; c;) {
		char *comma = strchr(c, ',');

		if (comma)
			*comma = '\0';
		list->items[list->count++] = ut_text_trim(c);
		c = comma ? comma + 1 : NULL;
	}
	return true;
}

void ut_list_release(struct ut_list *list)
{
	free(list->items);
	free(list->storage);
	*list = (struct ut_list){0};
}
