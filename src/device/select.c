/* Which device a selector names: the grammar of --device. */
#include "device/select.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "device/backend.h"

/* Short names stand for a platform, never for a part of a device's name. */
static const struct {
	const char *word, *platform;
} short_names[] = {
	{"pocl", "portable computing language"},
	{"intel", "intel"},
	{"rusticl", "rusticl"},
	{"amd", "amd accelerated"},
	{"nvidia", "nvidia"},
};

static bool contains(const char *text, const char *part, size_t length)
{
	for (; *text; ++text)
		if (!strncasecmp(text, part, length))
			return true;
	return !length;
}

static bool is_number(const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < length; ++i)
		if (!isdigit((unsigned char)text[i]))
			return false;
	return length > 0 && length < 6;
}

static bool is_gpu(enum ut_device_kind kind)
{
	return kind == UT_KIND_GPU || kind == UT_KIND_INTEGRATED;
}

/* True when platform:device, both parts of names or numbers, names it. */
static bool matches_pair(const struct ut_device_info *info, const char *word,
			 const char *colon)
{
	size_t length = (size_t)(colon - word), rest = strlen(colon + 1);

	if (info->kind == UT_KIND_HOST)
		return false;
	if (is_number(word, length)
		    ? info->platform_number != (unsigned)atoi(word)
		    : !contains(info->platform, word, length))
		return false;
	return is_number(colon + 1, rest)
		       ? info->device_number == (unsigned)atoi(colon + 1)
		       : contains(info->name, colon + 1, rest);
}

static bool matches(const struct ut_device_info *info, const char *word)
{
	const char *colon = strchr(word, ':');
	size_t i;

	if (!strcasecmp(word, "gpu"))
		return is_gpu(info->kind);
	if (!strcasecmp(word, "cpu"))
		return info->kind == UT_KIND_CPU;
	if (is_number(word, strlen(word)))
		return info->index == atoi(word);
	for (i = 0; i < sizeof(short_names) / sizeof(*short_names); ++i)
		if (!strcasecmp(word, short_names[i].word))
			return contains(info->platform, short_names[i].platform,
					strlen(short_names[i].platform));
	if (colon)
		return matches_pair(info, word, colon);
	return info->kind != UT_KIND_HOST &&
	       (contains(info->name, word, strlen(word)) ||
		contains(info->platform, word, strlen(word)));
}

/* What there is, one line a device, for error texts. */
static void describe(const struct ut_device_list *list, char *text, size_t size)
{
	size_t i, used = 0;

	text[0] = '\0';
	for (i = 0; i < list->count && used < size; ++i) {
		const struct ut_device_info *info = &list->devices[i];
		int n = snprintf(text + used, size - used,
				 "\n  %d  %s: %s (%s)%s%s%s%s", info->index,
				 info->platform, info->name,
				 ut_device_kind_name(info->kind),
				 info->usable ? "" : ", not usable: ",
				 info->reason,
				 *info->left_out ? ", not for auto: " : "",
				 info->left_out);

		used += n > 0 ? (size_t)n : 0;
	}
	if (list->notes && list->notes[0] && used < size)
		snprintf(text + used, size - used, "\n  note: %s", list->notes);
}

/* What a word that can mean several devices may mean. */
static bool is_offered(const struct ut_device_info *info)
{
	return info->usable && !*info->left_out;
}

/* Discrete GPU, integrated GPU, accelerator, host; never an OpenCL CPU. */
static const struct ut_device_info *best(const struct ut_device_list *list)
{
	static const enum ut_device_kind order[] = {
		UT_KIND_GPU,
		UT_KIND_INTEGRATED,
		UT_KIND_ACCELERATOR,
		UT_KIND_HOST,
	};
	size_t i, j;

	for (i = 0; i < sizeof(order) / sizeof(*order); ++i)
		for (j = 0; j < list->count; ++j)
			if (list->devices[j].kind == order[i] &&
			    is_offered(&list->devices[j]))
				return &list->devices[j];
	return NULL;
}

/* How many devices the word can mean, and the first of them. */
struct meant {
	const struct ut_device_info *first;
	size_t count;
};

static struct meant mean(const struct ut_device_list *list, const char *word,
			 bool offered, bool discrete)
{
	struct meant meant = {NULL, 0};
	size_t i;

	for (i = 0; i < list->count; ++i) {
		const struct ut_device_info *info = &list->devices[i];

		if (!matches(info, word) || (offered && !is_offered(info)) ||
		    (discrete && info->kind != UT_KIND_GPU))
			continue;
		if (!meant.count++)
			meant.first = info;
	}
	return meant;
}

/*
 * The only match; of several, the only one that is offered; for "gpu", of these
 * the only discrete one.
 */
static enum ut_status only(const struct ut_device_info **chosen,
			   const struct ut_device_list *list, const char *word,
			   struct ut_error *error)
{
	struct meant meant = mean(list, word, false, false);
	char there[3072];

	if (meant.count > 1 && mean(list, word, true, false).count)
		meant = mean(list, word, true, false);
	if (meant.count > 1 && !strcasecmp(word, "gpu") &&
	    mean(list, word, true, true).count == 1)
		meant = mean(list, word, true, true);
	describe(list, there, sizeof(there));
	if (!meant.count)
		return ut_error_set(error, UT_MISSING,
				    "no device matches "
				    "'%s'; there are:%s",
				    word, there);
	if (meant.count > 1)
		return ut_error_set(error, UT_INVALID,
				    "%zu devices match "
				    "'%s', say which; there are:%s",
				    meant.count, word, there);
	if (!meant.first->usable)
		return ut_error_set(error, UT_DEVICE,
				    "device '%s' is not "
				    "usable: %s",
				    meant.first->name, meant.first->reason);
	*chosen = meant.first;
	return UT_OK;
}

static enum ut_status select_host(struct ut_device_info *info,
				  struct ut_error *error)
{
	struct ut_device_list list = {0};
	enum ut_status status = ut_backends[0].list(&list, error);

	if (!status)
		*info = list.devices[0];
	ut_device_list_release(&list);
	return status;
}

/* Without +LIBRARY. */
static enum ut_status select_plain(struct ut_device_info *info,
				   const char *selector, struct ut_error *error)
{
	const struct ut_device_info *chosen = NULL;
	struct ut_device_list list;
	enum ut_status status;

	if (!*selector)
		return ut_error_set(error, UT_INVALID,
				    "an empty device name; "
				    "`undertone devices` lists what there is");
	if (!strcasecmp(selector, "host") || !strcmp(selector, "0"))
		return select_host(info, error);
	status = ut_device_list_init(&list, error);
	if (status)
		return status;
	if (!strcasecmp(selector, "auto")) {
		chosen = best(&list);
		if (!chosen)
			status = ut_error_set(error, UT_MISSING,
					      "no usable device");
	} else {
		status = only(&chosen, &list, selector, error);
	}
	if (!status)
		*info = *chosen;
	ut_device_list_release(&list);
	return status;
}

enum ut_status ut_device_select(struct ut_device_info *info,
				const char *selector, struct ut_error *error)
{
	const char *usual = getenv("UNDERTONE_DEVICE"), *plus, *end;
	char plain[4 * UT_DEVICE_TEXT];
	enum ut_status status;

	usual = usual ? usual : "auto";
	selector = selector ? selector : usual;
	plus = strrchr(selector, '+');
	if (!plus)
		return select_plain(info, selector, error);
	if (plus == selector)
		selector = usual;
	end = strrchr(selector, '+');
	snprintf(plain, sizeof(plain), "%.*s",
		 end ? (int)(end - selector) : (int)sizeof(plain), selector);
	status = select_plain(info, plain, error);
	if (!status && (!plus[1] || strlen(plus + 1) >= sizeof(info->library)))
		status = ut_error_set(error, UT_INVALID,
				      "'%s': after + stands the name of a "
				      "library of matrix products",
				      plus);
	if (!status)
		strcpy(info->library, plus + 1);
	return status;
}
