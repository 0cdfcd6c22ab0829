/* Small data and recipes for tests that run the program many times. */
#include "defects.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "faulty.h"
#include "program.h"
#include "scratch.h"

enum { SIDE = 12, TRAIN = 40, TEST = 20, PIXELS = SIDE * SIDE };

/* Each class's images are brighter in columns of its own. */
static void write_split(const char *images, const char *labels, uint32_t count)
{
	const uint32_t sizes[] = {count, SIDE, SIDE};
	uint8_t pixels[TRAIN * PIXELS], names[TRAIN];
	uint32_t i, p, noise = 1 + count;

	for (i = 0; i < count; ++i) {
		names[i] = (uint8_t)(i % 10);
		for (p = 0; p < PIXELS; ++p) {
			noise = noise * 1664525 + 1013904223;
			pixels[i * PIXELS + p] =
				(uint8_t)((noise >> 25) +
					  (p % SIDE == names[i] ? 128 : 0));
		}
	}
	test_scratch_idx(test_scratch("%s", images), false, 3, sizes, pixels,
			 (size_t)count * PIXELS);
	test_scratch_idx(test_scratch("%s", labels), false, 1, sizes, names,
			 count);
}

static void write_recipe(const char *name, const char *net, const char *more)
{
	char text[1024];
	int length;

	length = snprintf(text, sizeof(text),
			  "name = %s\nreplicas = 2\nconditions = aux\n"
			  "net = %s\n%s"
			  "[teacher]\nepochs = 2\nbatch = 10\nlr = 3e-3\n"
			  "dropout = 0.1\n"
			  "[distill]\naux = 5\nimages = 36\nepochs = 2\n"
			  "batch = 12\nlr = 3e-3\n",
			  name, net, more);
	test_scratch_write(test_scratch("%s.ini", name), text, (size_t)length,
			   false);
}

void test_defects_open(void)
{
	test_scratch_open();
	write_split("train-images-idx3-ubyte", "train-labels-idx1-ubyte",
		    TRAIN);
	write_split("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", TEST);
	write_recipe("mlp", "fc 24, fc 20", "[data]\nset = mnist\ndir = .\n");
	write_recipe("cnn", "conv 6 k3, pool, conv 7 k3, pool 3",
		     "[data]\nset = mnist\ndir = .\n[augment]\nshift = 1\n");
}

int test_faulty(const char *fault, const char *format, ...)
{
	char arguments[2048];
	va_list list;

	va_start(list, format);
	vsnprintf(arguments, sizeof(arguments), format, list);
	va_end(list);
	return test_command(
		"F=$(realpath \"${U%%/*}\")/tests/undertone-faulty; "
		"cd %s && " TEST_FAULT "='%s' $F %s",
		test_scratch("."), fault, arguments);
}
