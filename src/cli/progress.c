/* How a run shows where it stands, on standard error. */
#include "cli/progress.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

void progress_begin(struct progress_view *view, bool quiet, uint64_t replicas)
{
	*view = (struct progress_view){
		.quiet = quiet,
		.terminal = isatty(STDERR_FILENO),
		.all = replicas,
		.started = ut_clock_now(),
	};
}

/* "aux       epoch 3/5, replicas 0-1 of 5, 123456 images/s, ..." */
static int describe(const struct progress_view *view,
		    const struct ut_progress *progress, char *line, size_t size)
{
	double seconds = ut_clock_now() - view->started;
	double left =
		progress->flop > 0
			? seconds * (progress->flop_all / progress->flop - 1)
			: 0;
	int n;

	if (!(left < INT_MAX))
		left = INT_MAX;
	n = snprintf(line, size,
		     "%-9s epoch %llu/%llu, replicas %u-%u of "
		     "%llu, %.0f images/s, %.1f GFLOP/s, ETA %d:%02d",
		     ut_condition_name(progress->phase),
		     (unsigned long long)progress->epoch,
		     (unsigned long long)progress->epochs, progress->first,
		     progress->first + progress->replicas - 1,
		     (unsigned long long)view->all, progress->images / seconds,
		     progress->flop / seconds / 1e9, (int)left / 60,
		     (int)left % 60);
	if (progress->loss >= 0 && n > 0 && (size_t)n < size)
		n += snprintf(line + n, size - (size_t)n, ", loss %.4g",
			      progress->loss);
	if (progress->accuracy >= 0 && n > 0 && (size_t)n < size)
		n += snprintf(line + n, size - (size_t)n, ", accuracy %.3f",
			      progress->accuracy);
	return n;
}

/* A terminal gets one live line, a log a line when a training is done. */
void progress_show(struct progress_view *view,
		   const struct ut_progress *progress)
{
	char line[256];
	int width;

	if (view->quiet)
		return;
	if (!view->terminal) {
		if (progress->epoch_ends &&
		    progress->epoch == progress->epochs) {
			describe(view, progress, line, sizeof(line));
			fprintf(stderr, "%s\n", line);
		}
		return;
	}
	width = describe(view, progress, line, sizeof(line));
	fprintf(stderr, "\r%s%*s", line,
		view->width > width ? view->width - width : 0, "");
	fflush(stderr);
	view->width = width;
}

void progress_end(struct progress_view *view)
{
	if (view->width)
		fprintf(stderr, "\r%*s\r", view->width, "");
	view->width = 0;
}
