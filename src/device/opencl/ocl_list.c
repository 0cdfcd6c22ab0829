/*
 * Which OpenCL devices there are. All drivers are asked together; when that
 * fails each is asked alone, and the guilty are left out from then on.
 */
#include "ocl_list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

/* Seconds that drivers have to list their devices, all that are asked at once. */
enum { PATIENCE = 10 };

/* A list in the making. */
struct search {
	struct ut_ocl_drivers drivers;
	struct ut_ocl_answer best; /* what will be told */
	ut_ocl_set hidden;         /* from it */
	struct ut_text notes;
	double patience;
};

static ut_ocl_set all_of(const struct search *search)
{
	size_t count = search->drivers.count;

	return count < OCL_DRIVERS ? ut_ocl_set_of(count) - 1 : ~(ut_ocl_set)0;
}

/* Asks all drivers but the hidden ones, together. */
static enum ut_status ask(struct search *search, ut_ocl_set hidden,
			  struct ut_ocl_answer *answer, struct ut_error *error)
{
	struct ut_ocl_question question;
	enum ut_status status;

	status = ut_ocl_ask_begin(&question, &search->drivers, hidden, false,
				  error);
	if (!status)
		ut_ocl_ask_end(&question, ut_clock_now() + search->patience,
			       answer);
	return status;
}

static void take(struct search *search, struct ut_ocl_answer *answer,
		 ut_ocl_set hidden)
{
	ut_ocl_answer_release(&search->best);
	search->best = *answer;
	search->hidden = hidden;
}

/* "gave no answer in 10 s", "crashed (Aborted)", "ended the program" */
static void tell_end(struct search *search, const struct ut_ocl_answer *answer)
{
	struct ut_text *to = &search->notes;

	if (answer->late)
		ut_text_append(to, "gave no answer in %g s", search->patience);
	else if (WIFSIGNALED(answer->state))
		ut_text_append(to, "crashed (%s)",
			       strsignal(WTERMSIG(answer->state)));
	else
		ut_text_append(to, "ended the program");
	ut_text_append(to, " when it was %s",
		       *answer->platform ? "asked for its devices" : "loaded");
}

static void tell_broken(struct search *search, size_t i,
			const struct ut_ocl_answer *answer)
{
	struct ut_text name = {0};

	ut_ocl_driver_name(&search->drivers, i, &name);
	if (*answer->platform)
		ut_text_append(&search->notes,
			       "platform %s is broken: its driver, %s, ",
			       answer->platform, ut_text_string(&name));
	else
		ut_text_append(&search->notes, "driver %s is broken: it ",
			       ut_text_string(&name));
	tell_end(search, answer);
	ut_text_append(&search->notes,
		       "; its devices are left out. Update it, or remove that "
		       "file, and nothing waits for it any more\n");
	ut_text_release(&name);
}

/* Which drivers fail when they are alone; all are asked at the same time. */
static enum ut_status find_broken(struct search *search, ut_ocl_set *broken,
				  struct ut_error *error)
{
	struct ut_ocl_question questions[OCL_DRIVERS];
	size_t count = search->drivers.count, begun = 0, i;
	enum ut_status status = UT_OK;
	double moment;

	for (; begun < count && !status; begun += !status)
		status =
			ut_ocl_ask_begin(&questions[begun], &search->drivers,
					 all_of(search) & ~ut_ocl_set_of(begun),
					 true, error);
	moment = ut_clock_now() + search->patience;
	for (i = 0; i < begun; ++i) {
		struct ut_ocl_answer answer;

		ut_ocl_ask_end(&questions[i], moment, &answer);
		if (!answer.whole) {
			*broken |= ut_ocl_set_of(i);
			tell_broken(search, i, &answer);
		}
		ut_ocl_answer_release(&answer);
	}
	return status;
}

/*
 * Drivers that work alone and not together, such as two that bring a compiler
 * of the same making: one after another is added while that goes well.
 */
static enum ut_status find_pairs(struct search *search, ut_ocl_set broken,
				 struct ut_error *error)
{
	ut_ocl_set hidden = all_of(search);
	enum ut_status status = UT_OK;
	bool hung = false;
	size_t i;

	for (i = 0; i < search->drivers.count && !status; ++i) {
		ut_ocl_set next = hidden & ~ut_ocl_set_of(i);
		struct ut_ocl_answer answer = {0};

		if (broken & ut_ocl_set_of(i))
			continue;
		if (!hung)
			status = ask(search, next, &answer, error);
		if (!status && answer.whole) {
			take(search, &answer, next);
			hidden = next;
			continue;
		}
		hung |= answer.late;
		ut_text_append(&search->notes, "driver ");
		ut_ocl_driver_name(&search->drivers, i, &search->notes);
		ut_text_append(&search->notes,
			       " works alone, but not beside those before it: "
			       "its devices are left out. OCL_ICD_VENDORS set "
			       "to that file shows no others\n");
		ut_ocl_answer_release(&answer);
	}
	return status;
}

/* The whole list failed: whose fault is it, and what is there without them? */
static enum ut_status search_on(struct search *search, struct ut_error *error)
{
	struct ut_ocl_answer answer = {0};
	ut_ocl_set broken = 0;
	enum ut_status status;

	if (!search->drivers.count) {
		ut_text_append(&search->notes, "the loader of OpenCL ");
		tell_end(search, &search->best);
		ut_text_append(&search->notes, "\n");
		take(search, &answer, 0);
		return UT_OK;
	}
	status = find_broken(search, &broken, error);
	if (!status && broken == all_of(search)) {
		take(search, &answer, broken);
		return UT_OK;
	}
	if (!status)
		status = ask(search, broken, &answer, error);
	if (!status && answer.whole) {
		take(search, &answer, broken);
		return UT_OK;
	}
	ut_ocl_answer_release(&answer);
	take(search, &answer, all_of(search));
	return status ? status : find_pairs(search, broken, error);
}

/* A GPU that is there, and may not be used: the kernel's file is closed to us. */
static void note_permission(struct search *search)
{
	char path[32];
	int i, file;

	for (i = 128; i < 192; ++i) {
		snprintf(path, sizeof(path), "/dev/dri/renderD%d", i);
		file = open(path, O_RDWR | O_CLOEXEC);
		if (file >= 0)
			close(file);
		else if (errno == EACCES)
			ut_text_append(&search->notes,
				       "you may not open %s, a GPU: its group "
				       "(render, or video) must have you as a "
				       "member\n",
				       path);
	}
}

/* What "no devices" needs to be understood. */
static void note_none(struct search *search)
{
	const struct ut_ocl_drivers *drivers = &search->drivers;
	size_t i;

	if (drivers->count)
		ut_text_append(&search->notes,
			       "no OpenCL device was found, though drivers are "
			       "registered: ");
	else
		ut_text_append(&search->notes,
			       "no OpenCL driver is registered in %s",
			       drivers->place);
	for (i = 0; i < drivers->count; ++i) {
		ut_text_append(&search->notes, "%s", i ? ", " : "");
		ut_ocl_driver_name(drivers, i, &search->notes);
	}
	ut_text_append(&search->notes,
		       "; install your GPU's (Debian: nvidia-opencl-icd, "
		       "intel-opencl-icd, for AMD rocm-opencl-icd or "
		       "mesa-opencl-icd with RUSTICL_ENABLE=radeonsi), or "
		       "pocl-opencl-icd for the processor\n");
}

static bool has_gpu(const struct ut_device_list *list)
{
	size_t i;

	for (i = 0; i < list->count; ++i)
		if (list->devices[i].kind == UT_KIND_GPU ||
		    list->devices[i].kind == UT_KIND_INTEGRATED)
			return true;
	return false;
}

/* Moves what was found behind what the list has; false without memory. */
static bool give(struct ut_device_list *list, struct search *search)
{
	struct ut_device_list *found = &search->best.list;
	size_t total = list->count + found->count, i;
	struct ut_device_info *devices;
	struct ut_text notes = {0};

	if (found->notes)
		ut_text_append(&search->notes, "%s", found->notes);
	if (!has_gpu(found))
		note_permission(search);
	if (!found->count)
		note_none(search);
	ut_text_append(&notes, "%s%s", list->notes ? list->notes : "",
		       ut_text_string(&search->notes));
	devices = realloc(list->devices, (total + 1) * sizeof(*devices));
	if (devices)
		list->devices = devices;
	if (!devices || notes.failed || search->notes.failed) {
		ut_text_release(&notes);
		return false;
	}
	for (i = 0; i < found->count; ++i) {
		devices[list->count + i] = found->devices[i];
		devices[list->count + i].hidden = search->hidden;
	}
	list->count = total;
	free(list->notes);
	list->notes = notes.data;
	return true;
}

enum ut_status ut_opencl_list(struct ut_device_list *list,
			      struct ut_error *error)
{
	struct search search = {0};
	enum ut_status status = UT_OK;
	unsigned patience;

	status = ut_ocl_patience(&patience, error);
	if (status)
		return status;
	search.patience = patience && patience < PATIENCE ? patience : PATIENCE;
	if (!ut_ocl_drivers_init(&search.drivers))
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	if (!status)
		status = ask(&search, 0, &search.best, error);
	if (!status && !search.best.whole)
		status = search_on(&search, error);
	if (!status && !give(list, &search))
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	ut_ocl_answer_release(&search.best);
	ut_ocl_drivers_release(&search.drivers);
	ut_text_release(&search.notes);
	return status;
}
