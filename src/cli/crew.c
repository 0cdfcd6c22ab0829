/* A sweep under mpirun: who hands out the work. */
#include "cli/crew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cli/crew_message.h"
#include "cli/signals.h"

/* What rank 0 knows. */
struct crew {
	struct ut_sweep *sweep;
	struct progress_view *view;
	int size, present; /* ranks, and those that still work */
	bool *idle;        /* (size): they asked and have nothing yet */
	bool *out;         /* (cells): handed out */
	bool *teacher_out; /* (teachers) */
	unsigned *deaths;  /* (cells): that died */
	unsigned *teacher_deaths;
	size_t began_with; /* cells that were finished */
	double began;
	bool ending;             /* nothing more is handed out */
	struct ut_error failure; /* why, or UT_OK */
};

void crew_rest(void)
{
	const struct timespec moment = {.tv_nsec = 5000000};

	nanosleep(&moment, NULL);
}

void crew_print(const struct ut_sweep_plan *plan, char text[MPI_TEXT])
{
	struct ut_fingerprinter all;
	size_t i;

	ut_fingerprint_init(&all);
	for (i = 0; i < plan->cell_count; ++i)
		ut_fingerprint_update(&all, plan->cells[i].name,
				      strlen(plan->cells[i].name) + 1);
	ut_fingerprint_text(ut_fingerprint_finish(&all), text);
}

static size_t finished(const struct ut_sweep *sweep)
{
	return ut_sweep_count(sweep, UT_CELL_DONE) +
	       ut_sweep_count(sweep, UT_CELL_FAILED);
}

/* The first failure that stops every cell. */
static void stop(struct crew *crew, enum ut_status status, const char *text)
{
	crew->ending = true;
	if (!crew->failure.status)
		ut_error_set(&crew->failure, status, "%s", text);
}

/* A line for a cell that ended, with what it lets expect of the others. */
static void tell(struct crew *crew, size_t cell, int rank, const char *reason)
{
	size_t done = finished(crew->sweep), all, rest;
	struct ut_text name = {0};
	double each;

	rest = ut_sweep_count(crew->sweep, UT_CELL_WAITING);
	all = done + rest;
	each = (ut_clock_now() - crew->began) /
	       (double)(done - crew->began_with);
	ut_sweep_describe(crew->sweep->plan, cell, &name);
	progress_say(crew->view, "%zu/%zu: %s, rank %d%s%s; ETA %.0f s", done,
		     all, ut_text_string(&name), rank,
		     reason ? ", failed: " : "", reason ? reason : "",
		     each * (double)rest);
	ut_text_release(&name);
}

static void fail_cell(struct crew *crew, size_t cell, int rank, bool again,
		      const char *reason)
{
	struct ut_error error;

	if (ut_sweep_fail(crew->sweep, cell, again, reason, &error))
		stop(crew, error.status, error.text);
	tell(crew, cell, rank, reason);
}

/* Teachers that cannot be made take their cells with them. */
static void fail_teacher(struct crew *crew, size_t teacher, int rank,
			 bool again, const char *text)
{
	struct ut_sweep *sweep = crew->sweep;
	char reason[MPI_TEXT + 32];
	size_t i;

	sweep->teachers[teacher].state = UT_CELL_FAILED;
	snprintf(reason, sizeof(reason), "its teachers: %s", text);
	for (i = 0; i < sweep->plan->cell_count; ++i)
		if (sweep->mine[i] && !crew->out[i] &&
		    sweep->plan->cells[i].teacher == teacher &&
		    sweep->statuses[i].state == UT_CELL_WAITING)
			fail_cell(crew, i, rank, again, reason);
}

/* Who died once is tried once more. */
static bool died_again(struct crew *crew, int rank, unsigned *deaths,
		       const char *text)
{
	if (++*deaths > 1)
		return true;
	progress_say(crew->view, "rank %d: %s; it is tried once more", rank,
		     text);
	return false;
}

static void teacher_ended(struct crew *crew, int rank,
			  const struct mpi_message *message)
{
	size_t teacher = (size_t)message->item;
	enum ut_status status = (enum ut_status)message->status;

	crew->teacher_out[teacher] = false;
	if (message->kind == CREW_DIED) {
		if (died_again(crew, rank, &crew->teacher_deaths[teacher],
			       message->text))
			fail_teacher(crew, teacher, rank, true, message->text);
	} else if (!status) {
		crew->sweep->teachers[teacher].state = UT_CELL_DONE;
	} else if (ut_sweep_is_cells(status)) {
		fail_teacher(crew, teacher, rank, status != UT_NONFINITE,
			     message->text);
	} else {
		stop(crew, status, message->text);
	}
}

static void cell_ended(struct crew *crew, int rank,
		       const struct mpi_message *message)
{
	size_t cell = (size_t)message->item;
	enum ut_status status = (enum ut_status)message->status;

	crew->out[cell] = false;
	if (message->kind == CREW_DIED) {
		if (died_again(crew, rank, &crew->deaths[cell], message->text))
			fail_cell(crew, cell, rank, true, message->text);
	} else if (!status) {
		ut_sweep_mark(crew->sweep, cell, UT_CELL_DONE, NULL);
		tell(crew, cell, rank, NULL);
	} else if (ut_sweep_is_cells(status)) {
		/* its own process has noted that */
		ut_sweep_mark(crew->sweep, cell, UT_CELL_FAILED, message->text);
		tell(crew, cell, rank, message->text);
	} else {
		stop(crew, status, message->text);
	}
}

static void greet(struct crew *crew, int rank,
		  const struct mpi_message *message)
{
	char print[MPI_TEXT], text[MPI_TEXT + 64];

	crew_print(crew->sweep->plan, print);
	if (strcmp(print, message->text)) {
		snprintf(text, sizeof(text),
			 "rank %d has another plan than rank 0: do all have "
			 "the same recipe and program?",
			 rank);
		stop(crew, UT_INVALID, text);
	}
	crew->idle[rank] = true;
}

static bool is_item(const struct mpi_message *message, size_t count)
{
	return message->item >= 0 && (size_t)message->item < count;
}

static void take(struct crew *crew, int rank, const struct mpi_message *message)
{
	const struct ut_sweep_plan *plan = crew->sweep->plan;
	char text[MPI_TEXT + 64];

	if (message->kind == CREW_READY) {
		greet(crew, rank, message);
	} else if (message->kind == CREW_GONE) {
		snprintf(text, sizeof(text), "rank %d: %s", rank,
			 message->text);
		stop(crew, (enum ut_status)message->status, text);
		--crew->present;
	} else {
		crew->idle[rank] = true;
		if (message->task == CREW_TEACH &&
		    is_item(message, plan->teacher_count))
			teacher_ended(crew, rank, message);
		else if (message->task == CREW_CELL &&
			 is_item(message, plan->cell_count))
			cell_ended(crew, rank, message);
	}
}

/* What is to be done next; CREW_END: nothing now. *working: others are. */
static struct mpi_message choose(const struct crew *crew, bool *working)
{
	const struct ut_sweep *sweep = crew->sweep;
	struct mpi_message message = {.kind = CREW_END, .task = CREW_END};
	size_t i, t;

	*working = false;
	for (i = 0; i < sweep->plan->cell_count; ++i) {
		if (!sweep->mine[i] ||
		    sweep->statuses[i].state != UT_CELL_WAITING)
			continue;
		t = sweep->plan->cells[i].teacher;
		*working |= crew->out[i] || crew->teacher_out[t];
		if (crew->out[i] || crew->teacher_out[t])
			continue;
		if (sweep->teachers[t].state != UT_CELL_DONE) {
			/* teachers first: others may wait for them */
			message.kind = message.task = CREW_TEACH;
			message.item = (int)t;
			return message;
		}
		if (message.kind == CREW_END) {
			message.kind = message.task = CREW_CELL;
			message.item = (int)i;
		}
	}
	return message;
}

static void hand_out(struct crew *crew, int rank)
{
	struct mpi_message message = {.kind = CREW_END};
	bool working = false;

	if (!crew->ending)
		message = choose(crew, &working);
	if (message.kind == CREW_END && working)
		return;
	if (message.kind == CREW_TEACH)
		crew->teacher_out[message.item] = true;
	if (message.kind == CREW_CELL)
		crew->out[message.item] = true;
	if (message.kind == CREW_END)
		--crew->present;
	crew->idle[rank] = false;
	mpi_send(rank, &message);
}

static void lead(struct crew *crew)
{
	struct mpi_message message;
	bool any;
	int rank;

	while (crew->present) {
		any = mpi_receive(&rank, &message);
		if (any)
			take(crew, rank, &message);
		if (signals_came(NULL) && !crew->ending)
			stop(crew, UT_INTERRUPTED,
			     "interrupted; the same command goes on from here");
		for (rank = 1; rank < crew->size; ++rank)
			if (crew->idle[rank])
				hand_out(crew, rank);
		if (!any)
			crew_rest();
	}
}

enum ut_status crew_lead(struct ut_sweep *sweep, int size,
			 struct progress_view *view, struct ut_error *error)
{
	size_t cells = sweep->plan->cell_count;
	size_t teachers = sweep->plan->teacher_count;
	struct crew crew = {
		.sweep = sweep,
		.view = view,
		.size = size,
		.present = size - 1,
		.idle = calloc((size_t)size, sizeof(bool)),
		.out = calloc(cells, sizeof(bool)),
		.teacher_out = calloc(teachers, sizeof(bool)),
		.deaths = calloc(cells, sizeof(unsigned)),
		.teacher_deaths = calloc(teachers, sizeof(unsigned)),
		.began_with = finished(sweep),
		.began = ut_clock_now(),
	};

	if (crew.idle && crew.out && crew.teacher_out && crew.deaths &&
	    crew.teacher_deaths) {
		lead(&crew);
	} else {
		ut_error_set(&crew.failure, UT_MEMORY, "out of memory");
		crew_dismiss(size);
	}
	free(crew.idle);
	free(crew.out);
	free(crew.teacher_out);
	free(crew.deaths);
	free(crew.teacher_deaths);
	if (crew.failure.status)
		*error = crew.failure;
	return crew.failure.status;
}

void crew_dismiss(int size)
{
	const struct mpi_message end = {.kind = CREW_END};
	struct mpi_message message;
	int present = size - 1, rank;

	while (present) {
		if (!mpi_receive(&rank, &message)) {
			crew_rest();
			continue;
		}
		if (message.kind != CREW_GONE)
			mpi_send(rank, &end);
		--present;
	}
}
