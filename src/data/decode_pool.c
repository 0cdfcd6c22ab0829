/* Decoding in threads. */
#include "data/decode_pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "data/jpeg.h"

enum { THREADS_MAX = 64 };

/* No photograph has more bytes. */
#define FILE_BYTES_MAX ((size_t)1 << 28)

struct pool {
	struct ut_decoding *decoding;
	size_t count;
	pthread_t owner; /* the thread that may ask whether to stop */
	atomic_size_t next;
	atomic_bool stopped;
	/* Of the files that end the loading the first; count if there is none. */
	atomic_size_t first;
	pthread_mutex_t lock; /* of error */
	struct ut_error *error;
};

static enum ut_status decode_file(const struct ut_decoding *decoding, size_t i,
				  struct ut_error *error)
{
	const struct ut_image_options *options = decoding->options;
	const struct ut_image_folder *folder = decoding->folder;
	size_t bytes =
		(size_t)options->size * options->size * options->channels;
	uint8_t *to = i < folder->train
			      ? decoding->train + i * bytes
			      : decoding->test + (i - folder->train) * bytes;
	char *path = ut_path_join(decoding->root, folder->files[i].path);
	enum ut_status status;
	size_t length;
	char *data;

	if (!path)
		return ut_error_set(error, UT_MEMORY, "no memory for a path");
	status = ut_file_read(path, FILE_BYTES_MAX, &data, &length, error);
	if (!status) {
		status = ut_jpeg_decode(to, options->size, options->channels,
					options->fit, (const uint8_t *)data,
					length, error);
		free(data);
		if (status)
			ut_error_prefix(error, "cannot read image: %s", path);
	}
	free(path);
	return status;
}

static bool is_the_files_fault(enum ut_status status)
{
	return status == UT_CORRUPT || status == UT_IO || status == UT_MISSING;
}

/* Keeps the error of the first file that has one. */
static void keep_first(struct pool *pool, size_t i,
		       const struct ut_error *error)
{
	pthread_mutex_lock(&pool->lock);
	if (i < pool->first) {
		pool->first = i;
		if (pool->error)
			*pool->error = *error;
	}
	pthread_mutex_unlock(&pool->lock);
}

static void on_failure(struct pool *pool, size_t i, enum ut_status status,
		       struct ut_error *error)
{
	const struct ut_image_options *options = pool->decoding->options;

	if (!is_the_files_fault(status)) {
		keep_first(pool, i, error);
	} else if (options->on_error == UT_IMAGE_SKIP) {
		pool->decoding->why[i] = strdup(error->text);
		if (!pool->decoding->why[i]) {
			ut_error_set(error, UT_MEMORY,
				     "no memory to list skipped images");
			keep_first(pool, i, error);
		}
	} else {
		keep_first(pool, i, error);
	}
}

static bool must_stop(struct pool *pool)
{
	const struct ut_image_options *options = pool->decoding->options;

	if (options->stop && pthread_equal(pool->owner, pthread_self()) &&
	    options->stop(options->user))
		pool->stopped = true;
	return pool->stopped;
}

/*
 * Takes files in order until there are no more: when one fails, all before it
 * have been taken, so which is the first does not depend on the threads.
 */
static void *work(void *context)
{
	struct pool *pool = context;
	size_t i;

	while ((i = pool->next++) < pool->first) {
		struct ut_error error = {0};
		enum ut_status status;

		if (must_stop(pool))
			break;
		status = decode_file(pool->decoding, i, &error);
		if (status)
			on_failure(pool, i, status, &error);
	}
	return NULL;
}

static size_t count_threads(const struct pool *pool)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t threads = pool->decoding->options->threads;

	if (!threads)
		threads = processors > 0 ? (size_t)processors : 1;
	if (threads > THREADS_MAX)
		threads = THREADS_MAX;
	return threads < pool->count ? threads : pool->count;
}

/* This thread is one of them: where no other can be made, it does all. */
static void run_threads(struct pool *pool)
{
	pthread_t threads[THREADS_MAX];
	size_t wanted = count_threads(pool), count = 0;
	sigset_t all, before;

	/* signals are for the program's own thread */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (count + 1 < wanted &&
	       !pthread_create(&threads[count], NULL, work, pool))
		++count;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	work(pool);
	while (count)
		pthread_join(threads[--count], NULL);
}

enum ut_status ut_decode_all(struct ut_decoding *decoding,
			     struct ut_error *error)
{
	struct pool pool = {
		.decoding = decoding,
		.count = decoding->folder->train + decoding->folder->test,
		.owner = pthread_self(),
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	struct ut_error first = {0};

	pool.error = &first;
	pool.first = pool.count;
	run_threads(&pool);
	pthread_mutex_destroy(&pool.lock);
	if (pool.stopped)
		return ut_error_set(error, UT_INTERRUPTED,
				    "stopped while images were loaded");
	if (pool.first == pool.count)
		return UT_OK;
	if (is_the_files_fault(first.status))
		return ut_error_set(error, first.status,
				    "%s (data.on_error = skip leaves such "
				    "files out)",
				    first.text);
	return ut_error_set(error, first.status, "%s", first.text);
}
