/* A state: all that an unfinished run is between two steps, as bytes. */
#include "lab/state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <undertone/version.h>

#include "base/clock.h"
#include "config.h"

static const char magic[16] = "undertone state";
enum { ORDER = 0x01020304, VERSION_BYTES = 24 };

/* What a state begins with; no byte of it is padding. */
struct head {
	char magic[sizeof(magic)];
	uint32_t order, contract;
	char version[VERSION_BYTES];
	uint64_t size; /* of the whole */
	struct ut_state state;
	struct ut_fingerprint recipe, train, test, shown;
};

static struct ut_fingerprint print_of(const void *bytes, size_t size)
{
	struct ut_fingerprinter print;

	ut_fingerprint_init(&print);
	ut_fingerprint_update(&print, bytes, size);
	return ut_fingerprint_finish(&print);
}

/* False when memory ran out. */
static bool print_recipe(const struct ut_recipe *recipe,
			 struct ut_fingerprint *print)
{
	struct ut_text text = {0};
	bool good;

	ut_recipe_write(recipe, &text);
	*print = print_of(ut_text_string(&text), text.length);
	good = !text.failed;
	ut_text_release(&text);
	return good;
}

static void archive_array(void *user, void *array, size_t bytes)
{
	ut_archive_bytes(user, array, bytes);
}

/* Replicas of a condition that are done. */
static size_t replicas_done(const struct ut_state *state,
			    enum ut_condition condition)
{
	return (size_t)state->first +
	       (condition < state->phase ? state->replicas : 0);
}

/* What the host holds: results and weights kept. */
static enum ut_status walk_subject(const struct ut_subject *subject,
				   const struct ut_state *state,
				   struct ut_archive *archive,
				   struct ut_error *error)
{
	enum ut_status status = UT_OK;
	int c;

	ut_results_walk(subject->results, archive_array, archive);
	for (c = 0; c < UT_CONDITIONS && !status; ++c)
		if (subject->recipe->conditions & 1u << c)
			status = ut_keeper_archive(subject->keeper, c,
						   replicas_done(state, c),
						   archive, error);
	return status;
}

/* What the device holds. */
static enum ut_status walk_trainer(struct ut_trainer *t,
				   struct ut_archive *archive,
				   struct ut_error *error)
{
	struct ut_group *group = t->group;
	size_t count = group->R * group->session->net.parameters;
	struct ut_buffer *const arenas[] = {
		group->teacher,
		t->arena == group->student ? group->student : NULL,
		t->optimiser.m,
		t->optimiser.v,
	};
	enum ut_status status = UT_OK;
	size_t i;

	for (i = 0; i < sizeof(arenas) / sizeof(*arenas) && !status; ++i)
		if (arenas[i])
			status = ut_archive_buffer(archive, arenas[i], count,
						   error);
	if (!status)
		status = ut_archive_buffer(archive, t->history,
					   group->R * t->steps, error);
	return status;
}

/* Bytes of what the device holds in a phase. */
static size_t trainer_bytes(const struct ut_subject *subject, size_t R,
			    enum ut_condition phase)
{
	const struct ut_training *plan =
		ut_recipe_training(subject->recipe, phase);
	size_t P = subject->keeper->net->parameters;
	size_t arenas = ut_condition_is_student(phase) ? 3 : 2;
	size_t steps = ut_trainer_steps(subject->recipe, subject->data, phase);

	if (plan->optimiser.kind != UT_SGD)
		++arenas;
	return R * (arenas * P + steps) * sizeof(float);
}

static size_t state_bytes(const struct ut_subject *subject,
			  const struct ut_state *state)
{
	struct ut_archive archive = {.mode = UT_ARCHIVE_COUNT};

	walk_subject(subject, state, &archive, NULL);
	return sizeof(struct head) + archive.at +
	       trainer_bytes(subject, state->replicas, state->phase) +
	       sizeof(struct ut_fingerprint);
}

size_t ut_state_limit(const struct ut_subject *subject)
{
	struct ut_state state = {.replicas =
					 (uint32_t)subject->recipe->replicas};
	size_t most = 0, bytes, c;

	for (c = 0; c < UT_CONDITIONS; ++c) {
		state.phase = (uint32_t)c;
		bytes = state_bytes(subject, &state);
		most = bytes > most ? bytes : most;
	}
	/* a later group may be small, but has more behind it */
	return 2 * most;
}

/* Of the images that only students are shown; zero where there are none. */
static struct ut_fingerprint shown_digest(const struct ut_dataset *data)
{
	return data->shown ? data->shown->train.digest
			   : (struct ut_fingerprint){0};
}

static bool fill_head(const struct ut_subject *subject,
		      const struct ut_state *state, struct head *head)
{
	memset(head, 0, sizeof(*head));
	memcpy(head->magic, magic, sizeof(magic));
	head->order = ORDER;
	head->contract = UT_CONTRACT;
	strncpy(head->version, UT_VERSION, VERSION_BYTES - 1);
	head->size = state_bytes(subject, state);
	head->train = subject->data->train.digest;
	head->test = subject->data->test.digest;
	head->shown = shown_digest(subject->data);
	head->state = *state;
	return print_recipe(subject->recipe, &head->recipe);
}

enum ut_status ut_state_write(const struct ut_subject *subject,
			      const struct ut_state *state,
			      struct ut_trainer *t, const char *path,
			      struct ut_error *error)
{
	struct ut_draft draft = {0};
	struct ut_fingerprinter print;
	struct ut_archive archive = {
		.mode = UT_ARCHIVE_WRITE,
		.draft = &draft,
		.print = &print,
	};
	struct ut_fingerprint digest;
	enum ut_status status;
	struct head head;

	if (!fill_head(subject, state, &head))
		return ut_error_set(error, UT_MEMORY,
				    "out of memory for a checkpoint");
	status = ut_draft_begin(&draft, path, error);
	if (status)
		return status;
	ut_fingerprint_init(&print);
	ut_archive_bytes(&archive, &head, sizeof(head));
	status = walk_subject(subject, state, &archive, error);
	if (!status)
		status = walk_trainer(t, &archive, error);
	if (!status) {
		digest = ut_fingerprint_finish(&print);
		ut_archive_bytes(&archive, &digest, sizeof(digest));
		assert(archive.at == head.size);
		status = ut_draft_commit(&draft, error);
	}
	ut_draft_abort(&draft);
	return status;
}

/* Whether the run can stand where the state says. */
static bool check_place(const struct ut_subject *subject,
			const struct ut_state *state)
{
	const struct ut_recipe *recipe = subject->recipe;
	uint64_t epochs;

	if (state->phase >= UT_CONDITIONS ||
	    !(recipe->conditions & 1u << state->phase) ||
	    !subject->results->phases[state->phase].trained ||
	    (state->phase == UT_TEACHER && subject->has_teachers))
		return false;
	if (!state->replicas || state->replicas > recipe->replicas ||
	    state->first > recipe->replicas - state->replicas)
		return false;
	epochs = subject->results->phases[state->phase].epochs;
	if (state->epoch == epochs + 1)
		return !state->step;
	return state->epoch && state->epoch <= epochs &&
	       state->step <= ut_trainer_steps(recipe, subject->data,
					       (enum ut_condition)state->phase);
}

/* What is wrong with the bytes, or NULL. */
static const char *find_fault(const struct ut_subject *subject,
			      const unsigned char *bytes, size_t size,
			      struct head *head)
{
	struct ut_fingerprint digest, recipe;
	size_t end;

	if (size < sizeof(*head) + sizeof(digest))
		return "cut short";
	end = size - sizeof(digest);
	memcpy(head, bytes, sizeof(*head));
	memcpy(&digest, bytes + end, sizeof(digest));
	if (memcmp(head->magic, magic, sizeof(magic)))
		return "not the state of a run";
	if (head->order != ORDER)
		return "of a machine with another order of bytes";
	if (head->size != size)
		return "cut short, or damaged";
	if (!ut_fingerprint_equal(digest, print_of(bytes, end)))
		return "damaged: its digest is another";
	if (head->contract != UT_CONTRACT ||
	    strncmp(head->version, UT_VERSION, VERSION_BYTES))
		return "of another version of undertone";
	if (!print_recipe(subject->recipe, &recipe))
		return "not compared: out of memory";
	if (!ut_fingerprint_equal(recipe, head->recipe))
		return "of another recipe";
	if (!ut_fingerprint_equal(head->train, subject->data->train.digest) ||
	    !ut_fingerprint_equal(head->test, subject->data->test.digest) ||
	    !ut_fingerprint_equal(head->shown, shown_digest(subject->data)))
		return "of other data than are here: digests differ";
	if (!check_place(subject, &head->state) ||
	    head->size != state_bytes(subject, &head->state))
		return "nowhere in this run";
	return NULL;
}

enum ut_status ut_state_check(const struct ut_subject *subject,
			      const unsigned char *bytes, size_t size,
			      struct ut_state *state, struct ut_error *error)
{
	struct head head;
	const char *fault = find_fault(subject, bytes, size, &head);

	if (fault)
		return ut_error_set(error, UT_CORRUPT, "%s", fault);
	*state = head.state;
	return UT_OK;
}

enum ut_status ut_state_unpack(const struct ut_subject *subject,
			       const struct ut_state *state,
			       struct ut_archive *archive,
			       struct ut_error *error)
{
	archive->mode = UT_ARCHIVE_READ;
	archive->at = sizeof(struct head);
	return walk_subject(subject, state, archive, error);
}

enum ut_status ut_state_unpack_trainer(const struct ut_state *state,
				       struct ut_archive *archive,
				       struct ut_trainer *t,
				       struct ut_error *error)
{
	enum ut_status status = walk_trainer(t, archive, error);

	assert(!archive->failed);
	t->optimiser.step = (state->epoch - 1) * t->steps + state->step;
	t->optimiser.power1 = state->power1;
	t->optimiser.power2 = state->power2;
	return status;
}
