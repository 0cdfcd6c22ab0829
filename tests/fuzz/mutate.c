/*
 * Runs a fuzz target without libFuzzer, by its command line as far as it is
 * needed here:
 *
 *	fuzz_NAME -max_total_time=SECONDS FOLDER...
 *
 * Files of the folders are taken as they are, then changed at random: bytes,
 * lengths, pieces of one put into another. The first finding ends the program;
 * its file is then crash-NAME in the working folder, as libFuzzer does it.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

enum { FILES_MAX = 256, BYTES_MAX = 1 << 16 };

static struct {
	uint8_t *data;
	size_t bytes;
} files[FILES_MAX];

static size_t file_count;

/* What is being tried, for on_crash. */
static uint8_t trial[BYTES_MAX];
static size_t trial_bytes;

static uint32_t state = 1;

static uint32_t draw(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % below;
}

static void read_folder(const char *folder)
{
	DIR *stream = opendir(folder);
	struct dirent *entry;

	while (stream && (entry = readdir(stream)) && file_count < FILES_MAX) {
		char path[1024];
		FILE *file;

		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		file = fopen(path, "rb");
		if (!file)
			continue;
		trial_bytes = fread(trial, 1, sizeof(trial), file);
		fclose(file);
		files[file_count].data = malloc(trial_bytes + 1);
		memcpy(files[file_count].data, trial, trial_bytes);
		files[file_count++].bytes = trial_bytes;
	}
	if (stream)
		closedir(stream);
}

static void mutate(void)
{
	static const uint8_t special[] = {0, 1, 0x7f, 0x80, 0xff, 0xd8, 0xda};
	size_t other = draw((uint32_t)file_count), at, piece, changes;

	for (changes = 1 + draw(8); changes && trial_bytes; --changes) {
		at = draw((uint32_t)trial_bytes);
		switch (draw(6)) {
		case 0:
			trial[at] ^= (uint8_t)(1u << draw(8));
			break;
		case 1:
			trial[at] = (uint8_t)draw(256);
			break;
		case 2:
			trial[at] = special[draw(sizeof(special))];
			break;
		case 3:
			trial_bytes = draw(4) ? trial_bytes : at;
			break;
		case 4:
			piece = draw(64);
			if (at + piece > trial_bytes)
				break;
			trial_bytes -= piece;
			memmove(trial + at, trial + at + piece,
				trial_bytes - at);
			break;
		case 5:
			piece = draw(64);
			if (piece > files[other].bytes ||
			    trial_bytes + piece > BYTES_MAX)
				break;
			memmove(trial + at + piece, trial + at,
				trial_bytes - at);
			memcpy(trial + at,
			       files[other].data +
				       draw((uint32_t)(files[other].bytes -
						       piece + 1)),
			       piece);
			trial_bytes += piece;
			break;
		}
	}
}

static void on_crash(int signal)
{
	FILE *file = fopen("crash-mutate", "wb");

	if (file) {
		fwrite(trial, 1, trial_bytes, file);
		fclose(file);
	}
	fprintf(stderr, "signal %d; the file is crash-mutate\n", signal);
	_exit(1);
}

/* A copy that ends where its memory does. */
static void try_it(void)
{
	uint8_t *copy = malloc(trial_bytes ? trial_bytes : 1);

	memcpy(copy, trial, trial_bytes);
	LLVMFuzzerTestOneInput(copy, trial_bytes);
	free(copy);
}

int main(int count, char **arguments)
{
	time_t seconds = 10, start = time(NULL);
	unsigned long tries = 0;
	int i;

	for (i = 1; i < count; ++i)
		if (!strncmp(arguments[i], "-max_total_time=", 16))
			seconds = atol(arguments[i] + 16);
		else if (*arguments[i] != '-')
			read_folder(arguments[i]);
	if (!file_count) {
		fprintf(stderr, "no files to begin with\n");
		return 2;
	}
	signal(SIGABRT, on_crash);
	signal(SIGSEGV, on_crash);
	for (; time(NULL) - start < seconds || tries < file_count; ++tries) {
		size_t k =
			tries < file_count ? tries : draw((uint32_t)file_count);

		trial_bytes = files[k].bytes;
		memcpy(trial, files[k].data, trial_bytes);
		if (tries >= file_count)
			mutate();
		try_it();
	}
	printf("%lu tries in %ld s, none bad\n", tries, (long)seconds);
	return 0;
}
