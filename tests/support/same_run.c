/* Runs that must be the same but for who made them. */
#include "same_run.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "lab/receipt.h"
#include "testing.h"

static void read_file(const char *folder, const char *name, char **data,
		      size_t *bytes)
{
	char *path = ut_path_join(folder, name);
	struct ut_error error;

	ck_assert_msg(!ut_file_read(path, 1 << 24, data, bytes, &error), "%s",
		      error.text);
	free(path);
}

static bool is_there(const char *folder, const char *name)
{
	char *path = ut_path_join(folder, name);
	bool there = ut_file_exists(path);

	free(path);
	return there;
}

/* The receipt of a run, without what differs with devices and times. */
static json_t *read_receipt(const char *folder, json_int_t *flop)
{
	struct ut_error error;
	json_t *receipt;
	json_t *cost;

	ck_assert_msg(!ut_receipt_read(&receipt, folder, &error), "%s",
		      error.text);
	cost = json_object_get(receipt, "cost");
	*flop = (json_int_t)json_number_value(
		json_object_get(cost, "useful_flop"));
	json_object_del(receipt, "cost");
	json_object_del(receipt, "device");
	json_object_del(receipt, "devices");
	return receipt;
}

static void same_receipt(const char *a, const char *b)
{
	json_int_t one_flop, other_flop;
	json_t *one = read_receipt(a, &one_flop);
	json_t *other = read_receipt(b, &other_flop), *part;
	const char *name;

	json_object_foreach(one, name, part)
		ck_assert_msg(json_equal(part, json_object_get(other, name)),
			      "%s differ", name);
	ck_assert_uint_eq(json_object_size(one), json_object_size(other));
	ck_assert_int_gt(one_flop, 0);
	ck_assert_int_eq(one_flop, other_flop);
	json_decref(one);
	json_decref(other);
}

void test_same_run(const char *a, const char *b)
{
	static const char *const files[] = {
		"metrics.csv",
		"samples.csv",
		"recipe.ini",
		"init.safetensors",
		"teacher.safetensors",
		"student-aux.safetensors",
		"student-all.safetensors",
		"student-cross-aux.safetensors",
		"student-cross-all.safetensors",
		"teacher-shuffled.safetensors",
		"student-shuffled-aux.safetensors",
		"diagnostics.csv",
	};
	size_t i, one_bytes, two_bytes;
	char *one, *two;

	for (i = 0; i < sizeof(files) / sizeof(*files); ++i) {
		ck_assert_msg(is_there(a, files[i]) == is_there(b, files[i]),
			      "%s is in one of them", files[i]);
		if (!is_there(a, files[i]))
			continue;
		read_file(a, files[i], &one, &one_bytes);
		read_file(b, files[i], &two, &two_bytes);
		ck_assert_msg(one_bytes == two_bytes &&
				      !memcmp(one, two, one_bytes),
			      "%s differs", files[i]);
		free(one);
		free(two);
	}
	same_receipt(a, b);
}
