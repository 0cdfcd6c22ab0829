/* Checkpoints: an unfinished run, kept beside its folder. */
#include "lab/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

static const char *const state_names[] = {"state-0", "state-1"};
enum { STATES = sizeof(state_names) / sizeof(*state_names), TRIES = 10 };

#define RECIPE_FILE "recipe.ini"
#define PLAN_FILE "plan.json"
#define LOCK_FILE "lock"

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

/* Whose lock it is, or 0. */
static long holder(int lock)
{
	struct flock wanted = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(lock, F_GETLK, &wanted) || wanted.l_type == F_UNLCK)
		return 0;
	return (long)wanted.l_pid;
}

/* Whether the open file is the one that stands at path now. */
static bool stands_at(int file, const char *path)
{
	struct stat held, there;

	return !fstat(file, &held) && !stat(path, &there) &&
	       held.st_dev == there.st_dev && held.st_ino == there.st_ino;
}

/*
 * Locks the file. The process that had it may have removed it just now: then
 * EAGAIN, and no lock. Returns an errno.
 */
static int lock_file(const char *path, int *lock, long *pid)
{
	struct flock wanted = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int code = 0;

	*pid = 0;
	*lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (*lock < 0)
		return errno == ENOENT ? EAGAIN : errno;
	if (fcntl(*lock, F_SETLK, &wanted)) {
		code = errno;
		if (code == EACCES || code == EAGAIN) {
			*pid = holder(*lock);
			code = *pid ? EBUSY : EAGAIN;
		}
	} else if (!stands_at(*lock, path)) {
		code = EAGAIN;
	}
	/* a file system without locks has none to be broken */
	if (code == ENOLCK || code == ENOSYS || code == EOPNOTSUPP)
		code = 0;
	if (code)
		close(*lock);
	return code;
}

/* Makes the folder, if it is not there, and locks it. */
static enum ut_status take_folder(struct ut_checkpoint *checkpoint,
				  struct ut_error *error)
{
	const char *folder = checkpoint->folder;
	char *path = ut_path_join(folder, LOCK_FILE);
	enum ut_status status = UT_OK;
	int code = EAGAIN, try;
	long pid = 0;

	if (!path)
		return out_of_memory(error);
	if (ut_file_exists(folder) && !ut_file_exists(path) &&
	    !has_file(folder, RECIPE_FILE) && rmdir(folder))
		status = ut_error_set(error, UT_EXISTS,
				      "%s is in the way: the run keeps its "
				      "checkpoints there, and it is none",
				      folder);
	for (try = 0; try < TRIES && code == EAGAIN && !status; ++try) {
		status = ut_folder_make(folder, error);
		if (!status)
			code = lock_file(path, &checkpoint->lock, &pid);
	}
	if (!status && code == EBUSY)
		status = ut_error_set(error, UT_EXISTS,
				      "process %ld is at work on this run: it "
				      "holds %s",
				      pid, path);
	else if (!status && code)
		status = ut_file_error(error, code, "cannot lock %s", path);
	free(path);
	return status;
}

/* States that are there are resumed, removed, or in the way. */
static enum ut_status meet_states(const struct ut_checkpoint *checkpoint,
				  const char *run, bool resume,
				  struct ut_error *error)
{
	const char *folder = checkpoint->folder;
	size_t i;

	if (resume || !has_states(folder))
		return UT_OK;
	if (!checkpoint->plan.force)
		return ut_error_set(error, UT_EXISTS,
				    "%s holds an interrupted run; go on with "
				    "`undertone resume %s`, or begin anew with "
				    "--force",
				    folder, run);
	for (i = 0; i < STATES; ++i) {
		char *path = ut_path_join(folder, state_names[i]);

		if (path && unlink(path) && errno != ENOENT) {
			ut_file_error(error, errno, "cannot remove %s", path);
			free(path);
			return UT_IO;
		}
		free(path);
	}
	return UT_OK;
}

enum ut_status ut_checkpoint_open(struct ut_checkpoint *checkpoint,
				  const char *run, const struct ut_plan *plan,
				  bool resume, struct ut_error *error)
{
	enum ut_status status;

	*checkpoint = (struct ut_checkpoint){
		.folder = folder_of(run),
		.lock = -1,
		.plan = *plan,
	};
	if (!checkpoint->folder)
		return out_of_memory(error);
	status = take_folder(checkpoint, error);
	if (status) {
		free(checkpoint->folder);
		*checkpoint = (struct ut_checkpoint){0};
		return status;
	}
	status = meet_states(checkpoint, run, resume, error);
	if (status)
		ut_checkpoint_close(checkpoint, true);
	return status;
}

void ut_checkpoint_close(struct ut_checkpoint *checkpoint, bool keep)
{
	if (!checkpoint->folder)
		return;
	/* removed before it is unlocked: nobody may begin in it in between */
	if (!keep || !has_states(checkpoint->folder))
		ut_folder_remove(checkpoint->folder, NULL);
	close(checkpoint->lock);
	free(checkpoint->archive.bytes);
	free(checkpoint->folder);
	*checkpoint = (struct ut_checkpoint){0};
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
		status = ut_file_write(plan_path, text, strlen(text), error);
	if (!status)
		status = ut_file_write(recipe_path, ut_text_string(&recipe),
				       recipe.length, error);
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

enum ut_status ut_checkpoint_load(struct ut_checkpoint *checkpoint,
				  const struct ut_subject *subject,
				  struct ut_text *notes, struct ut_error *error)
{
	struct candidate best = {0}, other;
	size_t i;

	checkpoint->subject = *subject;
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
	if (!best.bytes && !notes->length)
		return UT_OK;
	if (!best.bytes)
		return ut_error_set(error, UT_CORRUPT,
				    "nothing to go on from: %s",
				    ut_text_string(notes));
	if (notes->length)
		ut_text_append(notes, "; the other state is used");
	checkpoint->archive.bytes = (unsigned char *)best.bytes;
	checkpoint->archive.size = best.size;
	checkpoint->state = best.state;
	checkpoint->sequence = best.state.sequence;
	checkpoint->resuming = true;
	return ut_state_unpack(subject, &best.state, &checkpoint->archive,
			       error);
}

bool ut_checkpoint_resumes(const struct ut_checkpoint *checkpoint,
			   enum ut_condition phase)
{
	return checkpoint && checkpoint->resuming &&
	       checkpoint->state.phase == (uint32_t)phase;
}

enum ut_status ut_checkpoint_restore(struct ut_checkpoint *checkpoint,
				     struct ut_trainer *t,
				     struct ut_error *error)
{
	const struct ut_state *state = &checkpoint->state;
	struct ut_session *session = t->group->session;
	enum ut_status status;

	status = ut_state_unpack_trainer(state, &checkpoint->archive, t, error);
	memcpy(session->progress.done, state->done, sizeof(state->done));
	session->progress.images = state->images;
	session->started -= state->seconds;
	free(checkpoint->archive.bytes);
	checkpoint->archive = (struct ut_archive){0};
	checkpoint->resuming = false;
	return status;
}

enum ut_status ut_checkpoint_save(struct ut_checkpoint *checkpoint,
				  struct ut_trainer *t, uint64_t epoch,
				  size_t step, struct ut_error *error)
{
	const struct ut_session *session = t->group->session;
	struct ut_state state = {
		.sequence = checkpoint->sequence + 1,
		.first = t->group->first,
		.replicas = t->group->R,
		.phase = (uint32_t)t->phase,
		.step = (uint32_t)step,
		.epoch = epoch,
		.images = session->progress.images,
		.seconds = ut_clock_now() - session->started,
		.power1 = t->optimiser.power1,
		.power2 = t->optimiser.power2,
	};
	char *path = ut_path_join(checkpoint->folder,
				  state_names[state.sequence % STATES]);
	unsigned char *bytes = NULL;
	enum ut_status status = UT_OK;
	size_t size;

	memcpy(state.done, session->progress.done, sizeof(state.done));
	if (!path)
		status = out_of_memory(error);
	if (!status && !checkpoint->described)
		status = describe(checkpoint, error);
	if (!status)
		status = ut_state_pack(&checkpoint->subject, &state, t, &bytes,
				       &size, error);
	if (!status)
		status = ut_file_write(path, bytes, size, error);
	if (!status) {
		checkpoint->sequence = state.sequence;
		checkpoint->waited = 0;
	}
	free(bytes);
	free(path);
	return status;
}

enum ut_status ut_checkpoint_epoch(struct ut_checkpoint *checkpoint,
				   struct ut_trainer *t, struct ut_error *error)
{
	if (!checkpoint || !checkpoint->plan.interval ||
	    ++checkpoint->waited < checkpoint->plan.interval)
		return UT_OK;
	return ut_checkpoint_save(checkpoint, t, t->epoch + 1, 0, error);
}
