/* How a long command shows where it stands. */
#include "cli/progress.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/events.h"

enum { LINE = 256 };

/* Seconds between two events of progress, and between two lines of a log. */
static const double event_pause = 0.5, log_pause = 60;

void progress_begin(struct progress_view *view, const struct options *options)
{
	*view = (struct progress_view){
		.quiet = options->quiet,
		.json = options->json,
		.terminal = isatty(STDERR_FILENO),
		.loss = -1,
	};
}

/* Lines and events may stand where the live line is. */
static void clear_line(struct progress_view *view)
{
	if (view->width)
		fprintf(stderr, "\r%*s\r", view->width, "");
	view->width = 0;
}

static bool for_people(const struct progress_view *view)
{
	return !view->quiet && !view->json;
}

void progress_say(struct progress_view *view, const char *format, ...)
{
	va_list arguments;

	clear_line(view);
	if (!for_people(view))
		return;
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

void progress_cell(struct progress_view *view, size_t number, size_t count,
		   const char *name)
{
	progress_say(view, "%zu/%zu: %s", number, count, name);
	if (view->json)
		event_cell(number, count, name);
}

void progress_begun(void *user, const struct ut_device_info *device,
		    const struct ut_dataset *data)
{
	struct progress_view *view = user;

	progress_say(view, "device: %s, %s (%s)", device->platform,
		     device->name, device->level);
	if (*device->left_out)
		progress_say(view, "auto would pass it by: %s",
			     device->left_out);
	if (!device->bit_exact) {
		snprintf(view->flaw, sizeof(view->flaw), "%s", device->flaw);
		progress_say(view, "not the contract's bits: %s", view->flaw);
	}
	if (!view->data_said)
		progress_say(view, "data: %s, %zu training and %zu test images",
			     data->name, data->train.count, data->test.count);
	/* a broken photograph is the user's to see, however quiet */
	if (!view->data_said && data->loading.list)
		fprintf(stderr, "left out (data.on_error = skip):\n%s%s",
			data->loading.list,
			data->loading.skipped > UT_IMAGE_LIST ? "...\n" : "");
	if (view->json)
		event_begun(device, data);
	view->counting = false;
	view->data_said = true;
}

/* Work that was done before, in a run resumed, says nothing of the rates. */
static void begin_counting(struct progress_view *view,
			   const struct ut_progress *progress, double now)
{
	memcpy(view->first, progress->done, sizeof(view->first));
	memcpy(view->before, progress->done, sizeof(view->before));
	memset(view->seconds, 0, sizeof(view->seconds));
	view->images = progress->images;
	view->began = view->last = view->shown = now;
	view->counting = true;
}

/* The seconds since the last call went into what was done since then. */
static void count(struct progress_view *view,
		  const struct ut_progress *progress, double now)
{
	double more[UT_EFFORTS], all = 0;
	int w;

	for (w = 0; w < UT_EFFORTS; ++w) {
		more[w] = progress->done[w] - view->before[w];
		/* a group that ran out of memory begins again */
		if (more[w] < 0)
			more[w] = 0;
		all += more[w];
	}
	memcpy(view->before, progress->done, sizeof(view->before));
	if (!(all > 0))
		return;
	for (w = 0; w < UT_EFFORTS; ++w)
		view->seconds[w] += (now - view->last) * more[w] / all;
	view->last = now;
}

/*
 * Each kind of work goes on at its own rate; one that was not met yet, at the
 * others' together.
 */
static double seconds_left(const struct progress_view *view,
			   const struct ut_progress *progress)
{
	double seconds = 0, work = 0, left = 0;
	int w;

	for (w = 0; w < UT_EFFORTS; ++w) {
		seconds += view->seconds[w];
		work += progress->done[w] - view->first[w];
	}
	if (!(work > 0))
		return -1;
	for (w = 0; w < UT_EFFORTS; ++w) {
		double rest = progress->planned[w] - progress->done[w];
		double done = progress->done[w] - view->first[w];
		double each =
			done > 0 ? view->seconds[w] / done : seconds / work;

		if (rest > 0)
			left += rest * each;
	}
	return left;
}

static struct event_rates rates_of(const struct progress_view *view,
				   const struct ut_progress *progress,
				   double now)
{
	struct event_rates rates = {
		.seconds = now - view->began,
		.left = seconds_left(view, progress),
	};
	double done = 0, planned = 0;
	int w;

	for (w = 0; w < UT_EFFORTS; ++w) {
		done += progress->done[w];
		planned += progress->planned[w];
	}
	rates.share = planned > 0 && done < planned ? done / planned : 1;
	if (rates.seconds > 0)
		rates.images_per_second =
			(progress->images - view->images) / rates.seconds;
	return rates;
}

/* "1:02:03", or "2:03". */
static const char *clock_text(double seconds, char text[32])
{
	int all = seconds < INT_MAX ? (int)(seconds + 0.5) : INT_MAX;

	if (all >= 3600)
		snprintf(text, 32, "%d:%02d:%02d", all / 3600, all / 60 % 60,
			 all % 60);
	else
		snprintf(text, 32, "%d:%02d", all / 60, all % 60);
	return text;
}

/* "aux epoch 3/5, replicas 0-1 of 5, 42%, 123456 images/s, ETA 0:07, ..." */
static void describe(const struct progress_view *view,
		     const struct ut_progress *progress,
		     const struct event_rates *rates, char line[LINE])
{
	unsigned last = progress->first + progress->replicas - 1;
	char left[32], what[32] = "measured", loss[32] = "", accuracy[32] = "";

	if (progress->epoch)
		snprintf(what, sizeof(what), "epoch %llu/%llu",
			 (unsigned long long)progress->epoch,
			 (unsigned long long)progress->epochs);
	if (view->loss >= 0)
		snprintf(loss, sizeof(loss), ", loss %.4g", view->loss);
	if (progress->accuracy >= 0)
		snprintf(accuracy, sizeof(accuracy), ", accuracy %.3f",
			 progress->accuracy);
	snprintf(line, LINE,
		 "%s %s, replicas %u-%u of %u, %.0f%%, %.0f images/s, ETA "
		 "%s%s%s",
		 ut_condition_name(progress->phase), what, progress->first,
		 last, progress->all, 100 * rates->share,
		 rates->images_per_second,
		 rates->left < 0 ? "?" : clock_text(rates->left, left), loss,
		 accuracy);
}

/* A live line is no longer than the terminal is wide, or it would not go. */
static void draw(struct progress_view *view, char line[LINE])
{
	struct winsize size;
	int width;

	if (!ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col > 1 &&
	    size.ws_col <= LINE)
		line[size.ws_col - 1] = '\0';
	width = (int)strlen(line);
	fprintf(stderr, "\r%s%*s", line,
		view->width > width ? view->width - width : 0, "");
	fflush(stderr);
	view->width = width;
}

/* Mean accuracy of the replicas that were just measured. */
static double mean_accuracy(const struct ut_progress *progress)
{
	const double *accuracy =
		progress->measured->scores[progress->phase].accuracy;
	double sum = 0;
	unsigned r;

	for (r = 0; r < progress->replicas; ++r)
		sum += accuracy[progress->first + r];
	return sum / progress->replicas;
}

static void show_line(struct progress_view *view, struct ut_progress progress,
		      const struct event_rates *rates, double now)
{
	char line[LINE];

	if (progress.measured)
		progress.accuracy = mean_accuracy(&progress);
	describe(view, &progress, rates, line);
	if (view->terminal) {
		draw(view, line);
	} else if (progress.measured || now - view->shown > log_pause) {
		fprintf(stderr, "%s\n", line);
		view->shown = now;
	}
}

void progress_show(void *user, const struct ut_progress *progress)
{
	struct progress_view *view = user;
	bool ends = progress->epoch_ends || progress->measured;
	double now = ut_clock_now();
	struct event_rates rates;

	if (!view->counting) {
		begin_counting(view, progress, now);
		return;
	}
	count(view, progress, now);
	rates = rates_of(view, progress, now);
	if (progress->epoch == 0 && !progress->measured)
		view->loss = -1;
	if (progress->epoch_ends)
		view->loss = progress->loss;
	if (for_people(view)) {
		show_line(view, *progress, &rates, now);
	} else if (view->json && (progress->measured || !view->quiet) &&
		   (ends || now - view->shown >= event_pause)) {
		event_progress(progress, &rates);
		view->shown = now;
	}
	/* the next condition has a loss of its own */
	if (progress->measured)
		view->loss = -1;
}

bool progress_done(struct progress_view *view, const struct ut_recipe *recipe,
		   const struct ut_results *results, const char *folder)
{
	clear_line(view);
	if (view->json)
		event_done(recipe, results, folder);
	return view->json;
}

void progress_lost(struct progress_view *view, const char *name,
		   const char *reason)
{
	struct ut_error error;

	ut_error_set(&error, UT_INVALID, "%s failed: %s", name, reason);
	progress_say(view, "%s", error.text);
	if (view->json)
		event_error(&error);
}

int progress_fail(struct progress_view *view, const struct ut_error *error)
{
	clear_line(view);
	if (view->json)
		event_error(error);
	return fail(error);
}
