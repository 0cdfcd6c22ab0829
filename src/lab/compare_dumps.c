/* Tensors and weights that two devices parted in, number by number. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "lab/compare_child.h"
#include "lab/compare_lines.h"

/* The same file of two folders. */
struct pair {
	char *bytes[2];
	size_t size; /* of each */
};

static void release(struct pair *pair)
{
	free(pair->bytes[0]);
	free(pair->bytes[1]);
}

static enum ut_status read_pair(struct pair *pair, const char *const folders[2],
				const char *name, struct ut_error *error)
{
	enum ut_status status = UT_OK;
	size_t sizes[2] = {0, 0};
	int i;

	*pair = (struct pair){.size = 0};
	for (i = 0; i < 2 && !status; ++i) {
		char *path = ut_path_join(folders[i], name);

		status = path ? ut_file_read(path, SIZE_MAX / 4,
					     &pair->bytes[i], &sizes[i], error)
			      : ut_error_set(error, UT_MEMORY, "out of memory");
		free(path);
	}
	if (!status && sizes[0] != sizes[1])
		status =
			ut_error_set(error, UT_CORRUPT,
				     "%s of the two devices are of other sizes",
				     name);
	pair->size = sizes[0];
	if (status)
		release(pair);
	return status;
}

static uint32_t word_at(const char *bytes, size_t i)
{
	uint32_t word;

	memcpy(&word, bytes + 4 * i, sizeof(word));
	return word;
}

static float float_of(uint32_t word)
{
	float number;

	memcpy(&number, &word, sizeof(number));
	return number;
}

/* Place on the line of all floats, on which neighbours are 1 apart. */
static int64_t place_of(uint32_t word)
{
	int64_t magnitude = word & 0x7fffffff;

	return word >> 31 ? -magnitude : magnitude;
}

static uint64_t distance(int64_t a, int64_t b)
{
	return a > b ? (uint64_t)(a - b) : (uint64_t)(b - a);
}

/* Takes in what element i is on the two. */
static void take(struct ut_parting *parting, size_t i, const uint32_t words[2],
		 bool is_float, const char *format)
{
	bool nan[2] = {is_float && isnan(float_of(words[0])),
		       is_float && isnan(float_of(words[1]))};
	uint64_t apart;
	int k;

	if (words[0] == words[1])
		return;
	if (!parting->differing++) {
		parting->element = i;
		for (k = 0; k < 2; ++k) {
			struct ut_compare_value *value = &parting->values[k];

			value->number = is_float ? (double)float_of(words[k])
						 : (double)words[k];
			snprintf(value->bits, sizeof(value->bits), format,
				 words[k]);
		}
	}
	if (nan[0] || nan[1]) {
		parting->not_numbers += nan[0] != nan[1];
		return;
	}
	apart = is_float ? distance(place_of(words[0]), place_of(words[1]))
			 : distance(words[0], words[1]);
	if (apart > parting->ulp)
		parting->ulp = apart;
}

static void compare_tensors(const struct pair *pair, struct ut_parting *parting)
{
	bool bytes = !strcmp(parting->type, "u8");
	bool is_float = !strcmp(parting->type, "f32");
	size_t i;
	int k;

	parting->elements = bytes ? pair->size : pair->size / 4;
	for (i = 0; i < parting->elements; ++i) {
		uint32_t words[2];

		for (k = 0; k < 2; ++k)
			words[k] = bytes ? (unsigned char)pair->bytes[k][i]
					 : word_at(pair->bytes[k], i);
		take(parting, i, words, is_float, bytes ? "%02x" : "%08x");
	}
	parting->dumped = parting->differing > 0;
}

/* Of weights: the difference, over the root mean square of the reference's. */
static struct ut_compare_point distance_of(const struct pair *pair)
{
	double size = 0, apart = 0, most = 0, scale;
	size_t count = pair->size / 4, used = 0, i;
	struct ut_compare_point point = {0};

	for (i = 0; i < count; ++i) {
		double a = (double)float_of(word_at(pair->bytes[0], i));
		double b = (double)float_of(word_at(pair->bytes[1], i));
		double d = fabs(a - b);

		size += a * a;
		apart += d * d;
		/* what was rounded up is 0 and no weight */
		used += fabs(a) > 0 || fabs(b) > 0;
		if (!(d <= most))
			most = d;
	}
	scale = size > 0 ? sqrt(size) : 1;
	point.rms = sqrt(apart) / scale;
	point.max = most / scale * sqrt((double)used);
	return point;
}

static enum ut_status follow(const char *const folders[2],
			     struct ut_parting *parting, struct ut_error *error)
{
	enum ut_status status = UT_OK;
	json_t *lines;
	size_t i;

	status = ut_compare_read(folders[1], "arena", &lines, error);
	for (i = 0; i < json_array_size(lines) && !status &&
		    parting->point_count < UT_COMPARE_POINTS;
	     ++i) {
		json_int_t updates = json_integer_value(
			json_object_get(json_array_get(lines, i), "steps"));
		struct pair pair;
		char name[64];

		snprintf(name, sizeof(name), UT_COMPARE_ARENA "%lld",
			 (long long)updates);
		/* one of the two may have failed by then */
		if (read_pair(&pair, folders, name, error))
			break;
		parting->points[parting->point_count] = distance_of(&pair);
		parting->points[parting->point_count++].updates =
			(uint64_t)updates;
		release(&pair);
	}
	json_decref(lines);
	return status;
}

enum ut_status ut_compare_dumps(const char *reference, const char *device,
				struct ut_parting *parting,
				struct ut_error *error)
{
	const char *const folders[2] = {reference, device};
	struct pair pair;
	enum ut_status status;
	json_t *lines;

	status = ut_compare_read(device, NULL, &lines, error);
	if (status)
		return status;
	snprintf(parting->type, sizeof(parting->type), "%s",
		 ut_compare_word(ut_compare_line(lines, "tensor"), "type"));
	json_decref(lines);
	status = read_pair(&pair, folders, UT_COMPARE_TENSOR, error);
	if (status)
		return status;
	compare_tensors(&pair, parting);
	release(&pair);
	if (!parting->dumped)
		return ut_error_set(error, UT_MISSING,
				    "the tensor was the same when it was "
				    "repeated once more");
	return follow(folders, parting, error);
}
