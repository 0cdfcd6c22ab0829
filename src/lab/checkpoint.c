/* Checkpoints: an unfinished run, kept beside its folder. */
#include "lab/checkpoint.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

static const char *const state_names[] = {"state-0", "state-1"};
enum { STATES = sizeof(state_names) / sizeof(*state_names) };

#define RECIPE_FILE "recipe.ini"
#define PLAN_FILE "plan.json"

static enum ut_status out_of_memory(struct ut_error *error)
{
	return ut_error_set(error, UT_MEMORY, "out of memory");
}

/* RUN.checkpoint, on the heap, or NULL. */
static char *folder_of(const char *run)
{
	size_t length = strlen(run), bytes = length + sizeof(".checkpoint");
	char *folder = malloc(bytes);

	while (length > 1 && run[length - 1] == '/')
		--length;
	if (folder)
		snprintf(folder, bytes, "%.*s.checkpoint", (int)length, run);
	return folder;
}

static bool has_file(const char *folder, const char *name)
{
	char *path = ut_path_join(folder, name);
	bool has = path && ut_file_exists(path);

	free(path);
	return has;
}

static bool has_states(const char *folder)
{
	size_t i;

	for (i = 0; i < STATES; ++i)
		if (has_file(folder, state_names[i]))
			return true;
	return false;
}

bool ut_checkpoint_exists(const char *run)
{
	char *folder = folder_of(run);
	bool exists = folder && has_states(folder);

	free(folder);
	return exists;
}

/* ".NAME.lock" beside the run's folder, on the heap, or NULL. */
static char *lock_of(const char *run)
{
	size_t length = strlen(run), bytes = length + sizeof("..lock"), name;
	char *path = malloc(bytes);

	while (length > 1 && run[length - 1] == '/')
		--length;
	for (name = length; name && run[name - 1] != '/';)
		--name;
	if (path)
		snprintf(path, bytes, "%.*s.%.*s.lock", (int)name, run,
			 (int)(length - name), run + name);
	return path;
}

/* Keeps other processes from the run. */
static enum ut_status take_lock(struct ut_checkpoint *checkpoint,
				const char *run, struct ut_error *error)
{
	char *path = lock_of(run);
	enum ut_status status;
	bool taken = false;

	if (!path)
		return out_of_memory(error);
	status = ut_lock_try(&checkpoint->lock, path, &taken, error);
	if (!status && !taken)
		status = ut_error_set(error, UT_EXISTS,
				      "process %ld is at work on %s: it holds "
				      "%s",
				      ut_lock_holder(path), run, path);
	free(path);
	return status;
}

/* States that are there are resumed, removed, or in the way. */
static enum ut_status meet_states(const struct ut_checkpoint *checkpoint,
				  const char *run, bool resume,
				  struct ut_error *error)
{
	const char *folder = checkpoint->folder;

	if (ut_file_exists(folder) && !has_file(folder, RECIPE_FILE) &&
	    rmdir(folder))
		return ut_error_set(error, UT_EXISTS,
				    "%s is in the way: the run would keep its "
				    "checkpoints there, and it is none",
				    folder);
	if (resume || !has_states(folder))
		return UT_OK;
	if (!checkpoint->plan.force)
		return ut_error_set(error, UT_EXISTS,
				    "%s holds an interrupted run; go on with "
				    "`undertone resume %s`, or begin anew with "
				    "--force",
				    folder, run);
	return ut_folder_remove(folder, error);
}

static void release(struct ut_checkpoint *checkpoint)
{
	ut_lock_open(&checkpoint->lock);
	ut_ledger_release(&checkpoint->ledger);
	free(checkpoint->folder);
	*checkpoint = (struct ut_checkpoint){0};
}

enum ut_status ut_checkpoint_open(struct ut_checkpoint *checkpoint,
				  const char *run, const struct ut_plan *plan,
				  bool resume, struct ut_error *error)
{
	enum ut_status status;

	*checkpoint = (struct ut_checkpoint){
		.folder = folder_of(run),
		.plan = *plan,
	};
	if (!checkpoint->folder)
		return out_of_memory(error);
	status = take_lock(checkpoint, run, error);
	if (!status)
		status = meet_states(checkpoint, run, resume, error);
	if (status)
		release(checkpoint);
	return status;
}

void ut_checkpoint_close(struct ut_checkpoint *checkpoint, bool keep)
{
	if (!checkpoint->folder)
		return;
	if (!keep || !has_states(checkpoint->folder))
		ut_folder_remove(checkpoint->folder, NULL);
	release(checkpoint);
}

/* Writes what is needed beside the states. */
static enum ut_status describe(struct ut_checkpoint *checkpoint,
			       struct ut_error *error)
{
	const struct ut_plan *plan = &checkpoint->plan;
	json_t *json = json_pack("{s:s, s:b, s:I}", "teacher", plan->teacher,
				 "force", plan->force, "checkpoint",
				 (json_int_t)plan->interval);
	char *text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;
	char *plan_path = ut_path_join(checkpoint->folder, PLAN_FILE);
	char *recipe_path = ut_path_join(checkpoint->folder, RECIPE_FILE);
	struct ut_text recipe = {0};
	enum ut_status status = UT_OK;

	ut_recipe_write(checkpoint->subject.recipe, &recipe);
	if (!text || !plan_path || !recipe_path || recipe.failed)
		status = out_of_memory(error);
	if (!status)
		status = ut_folder_make(checkpoint->folder, error);
	if (!status)
		status = ut_file_write(recipe_path, ut_text_string(&recipe),
				       recipe.length, error);
	if (!status)
		status = ut_file_write(plan_path, text, strlen(text), error);
	checkpoint->described = !status;
	ut_text_release(&recipe);
	free(recipe_path);
	free(plan_path);
	free(text);
	json_decref(json);
	return status;
}

/* Reads plan.json's text. */
static bool parse_plan(const char *text, size_t bytes, struct ut_plan *plan)
{
	json_t *json = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, NULL);
	const char *teacher = "";
	json_int_t interval = 0;
	int force = 0;
	bool good;

	good = json &&
	       !json_unpack(json, "{s:s, s:b, s:I}", "teacher", &teacher,
			    "force", &force, "checkpoint", &interval);
	good = good && interval >= 0 && strlen(teacher) < sizeof(plan->teacher);
	if (good) {
		*plan = (struct ut_plan){
			.force = force,
			.interval = (uint64_t)interval,
		};
		strcpy(plan->teacher, teacher);
	}
	json_decref(json);
	return good;
}

static enum ut_status recall(const char *folder, struct ut_recipe *recipe,
			     struct ut_plan *plan, struct ut_error *error)
{
	char *plan_path = ut_path_join(folder, PLAN_FILE);
	char *recipe_path = ut_path_join(folder, RECIPE_FILE);
	enum ut_status status = UT_OK;
	char *text = NULL;
	size_t bytes;

	if (!plan_path || !recipe_path)
		status = out_of_memory(error);
	if (!status)
		status = ut_recipe_load(recipe, recipe_path, error);
	if (!status)
		status = ut_file_read(plan_path, 1 << 16, &text, &bytes, error);
	if (!status && !parse_plan(text, bytes, plan))
		status = ut_error_set(error, UT_CORRUPT,
				      "%s: not the plan of a run", plan_path);
	free(text);
	free(recipe_path);
	free(plan_path);
	return status;
}

enum ut_status ut_checkpoint_recall(const char *run, struct ut_recipe *recipe,
				    struct ut_plan *plan,
				    struct ut_error *error)
{
	char *folder = folder_of(run);
	enum ut_status status;

	if (!folder)
		return out_of_memory(error);
	if (has_states(folder))
		status = recall(folder, recipe, plan, error);
	else
		status = ut_error_set(error, UT_MISSING,
				      "nothing to go on from: no state in %s",
				      folder);
	free(folder);
	return status;
}

/* A state that was read and found good. */
struct candidate {
	struct ut_state state;
	char *bytes;
	size_t size;
};

/* Reads one of the states; what is wrong with it is appended to notes. */
static void read_state(const struct ut_checkpoint *checkpoint, size_t slot,
		       struct candidate *found, struct ut_text *notes)
{
	const struct ut_subject *subject = &checkpoint->subject;
	char *path = ut_path_join(checkpoint->folder, state_names[slot]);
	struct ut_error error = {0};
	enum ut_status status = UT_OK;

	*found = (struct candidate){0};
	if (!path)
		status = out_of_memory(&error);
	else if (!ut_file_exists(path))
		return free(path);
	if (!status)
		status = ut_file_read(path, ut_state_limit(subject),
				      &found->bytes, &found->size, &error);
	if (!status) {
		status = ut_state_check(subject,
					(const unsigned char *)found->bytes,
					found->size, &found->state, &error);
		if (status)
			ut_error_prefix(&error, "%s", path);
	}
	if (status) {
		ut_text_append(notes, "%s%s", notes->length ? "; " : "",
			       error.text);
		free(found->bytes);
		found->bytes = NULL;
	}
	free(path);
}

/* The newest state that can be used; its bytes are NULL if there is none. */
static struct candidate find_state(const struct ut_checkpoint *checkpoint,
				   struct ut_text *notes)
{
	struct candidate best = {0}, other;
	size_t i;

	for (i = 0; i < STATES; ++i) {
		read_state(checkpoint, i, &other, notes);
		if (other.bytes &&
		    (!best.bytes ||
		     best.state.sequence < other.state.sequence)) {
			free(best.bytes);
			best = other;
		} else {
			free(other.bytes);
		}
	}
	return best;
}

enum ut_status ut_checkpoint_load(struct ut_checkpoint *checkpoint,
				  const struct ut_subject *subject,
				  struct ut_text *notes, struct ut_error *error)
{
	enum ut_status status =
		ut_ledger_init(&checkpoint->ledger, subject->recipe->replicas,
			       error);
	struct candidate best;

	if (status)
		return status;
	checkpoint->subject = *subject;
	checkpoint->subject.ledger = &checkpoint->ledger;
	best = find_state(checkpoint, notes);
	if (!best.bytes && !notes->length)
		return UT_OK;
	if (!best.bytes)
		return ut_error_set(error, UT_CORRUPT,
				    "nothing to go on from: %s",
				    ut_text_string(notes));
	if (notes->length)
		ut_text_append(notes, "; the other state is used");
	checkpoint->sequence = best.state.sequence;
	checkpoint->seconds = best.state.seconds;
	status = ut_state_read(&checkpoint->subject,
			       (const unsigned char *)best.bytes, best.size,
			       error);
	free(best.bytes);
	return status;
}

bool ut_checkpoint_resumes(const struct ut_session *session,
			   enum ut_condition phase)
{
	return session->kept && session->kept->place.phase == (uint32_t)phase;
}

enum ut_status ut_checkpoint_restore(struct ut_trainer *t,
				     struct ut_error *error)
{
	struct ut_session *session = t->group->session;
	const struct ut_kept *kept = session->kept;
	enum ut_status status = ut_state_unpack(kept, t, error);

	memcpy(session->progress.done, kept->place.done,
	       sizeof(kept->place.done));
	session->progress.images = kept->place.images;
	session->kept = NULL;
	return status;
}

enum ut_status ut_checkpoint_write(struct ut_checkpoint *checkpoint,
				   double seconds, struct ut_error *error)
{
	uint64_t sequence = checkpoint->sequence + 1;
	char *path = ut_path_join(checkpoint->folder,
				  state_names[sequence % STATES]);
	enum ut_status status = UT_OK;

	if (!path)
		status = out_of_memory(error);
	if (!status && !checkpoint->described)
		status = describe(checkpoint, error);
	if (!status)
		status = ut_state_write(&checkpoint->subject, sequence, seconds,
					path, error);
	if (!status)
		checkpoint->sequence = sequence;
	free(path);
	return status;
}

enum ut_status ut_checkpoint_save(struct ut_checkpoint *checkpoint,
				  struct ut_trainer *t, uint64_t epoch,
				  size_t step, struct ut_error *error)
{
	struct ut_group *group = t->group;
	struct ut_session *session = group->session;
	struct ut_results *results = checkpoint->subject.results;
	struct ut_place place = {
		.epoch = epoch,
		.first = group->first,
		.replicas = group->R,
		.phase = (uint32_t)t->phase,
		.step = (uint32_t)step,
		.power1 = t->optimiser.power1,
		.power2 = t->optimiser.power2,
		.images = session->progress.images,
	};
	struct ut_kept *kept;
	enum ut_status status;

	memcpy(place.done, session->progress.done, sizeof(place.done));
	status = ut_state_pack(&kept, &place, t, error);
	if (status)
		return status;
	pthread_mutex_lock(session->lock);
	if (session->results != results)
		ut_results_take(results, session->results, group->first,
				group->R);
	ut_ledger_keep(&checkpoint->ledger, kept);
	status = ut_checkpoint_write(checkpoint,
				     ut_clock_now() - session->started, error);
	pthread_mutex_unlock(session->lock);
	session->epochs_waited = 0;
	return status;
}

enum ut_status ut_checkpoint_epoch(struct ut_checkpoint *checkpoint,
				   struct ut_trainer *t, struct ut_error *error)
{
	if (!checkpoint || !checkpoint->plan.interval ||
	    ++t->group->session->epochs_waited < checkpoint->plan.interval)
		return UT_OK;
	return ut_checkpoint_save(checkpoint, t, t->epoch + 1, 0, error);
}
