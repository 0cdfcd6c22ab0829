/* A state: all that an unfinished run is between two steps, as bytes. */
#include "lab/state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <undertone/version.h>

#include "config.h"

static const char magic[16] = "undertone groups";
enum { ORDER = 0x01020304, VERSION_BYTES = 24 };

/* What a state begins with; no byte of it is padding. */
struct head {
	char magic[sizeof(magic)];
	uint32_t order, contract;
	char version[VERSION_BYTES];
	uint64_t size; /* of the whole */
	struct ut_state state;
	struct ut_fingerprint recipe, train, test, shown;
	char flaw[UT_FLAW]; /* why what was done is not exact, or "" */
};

static struct ut_fingerprint print_of(const void *bytes, size_t size)
{
	struct ut_fingerprinter print;

	ut_fingerprint_init(&print);
	ut_fingerprint_update(&print, bytes, size);
	return ut_fingerprint_finish(&print);
}

static enum ut_status out_of_memory(struct ut_error *error)
{
	return ut_error_set(error, UT_MEMORY, "out of memory for a checkpoint");
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

/* What the device holds ---------------------------------------------------- */

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

/* The arrays of walk_trainer, P parameters, for a group at that place. */
static struct ut_kept layout_of(const struct ut_recipe *recipe,
				const struct ut_dataset *data, size_t P,
				const struct ut_place *place)
{
	enum ut_condition phase = (enum ut_condition)place->phase;
	const struct ut_training *plan = ut_recipe_training(recipe, phase);
	size_t arenas = ut_condition_is_student(phase) ? 3 : 2;

	return (struct ut_kept){
		.place = *place,
		.arenas = arenas + (plan->optimiser.kind != UT_SGD),
		.arena_bytes = P * sizeof(float),
		.history_bytes =
			ut_trainer_steps(recipe, data, phase) * sizeof(float),
	};
}

static struct ut_kept subject_layout(const struct ut_subject *subject,
				     const struct ut_place *place)
{
	return layout_of(subject->recipe, subject->data,
			 subject->keeper->net->parameters, place);
}

enum ut_status ut_state_pack(struct ut_kept **kept,
			     const struct ut_place *place, struct ut_trainer *t,
			     struct ut_error *error)
{
	const struct ut_session *session = t->group->session;
	struct ut_kept layout = layout_of(session->recipe, session->data,
					  session->net.parameters, place);
	struct ut_archive archive = {.mode = UT_ARCHIVE_PACK};
	enum ut_status status;

	*kept = ut_kept_new(&layout);
	if (!*kept)
		return out_of_memory(error);
	archive.room = (*kept)->bytes;
	archive.size = ut_kept_bytes(*kept);
	status = walk_trainer(t, &archive, error);
	assert(status || (!archive.failed && archive.at == archive.size));
	if (status) {
		ut_kept_free(*kept);
		*kept = NULL;
	}
	return status;
}

enum ut_status ut_state_unpack(const struct ut_kept *kept, struct ut_trainer *t,
			       struct ut_error *error)
{
	const struct ut_place *place = &kept->place;
	struct ut_archive archive = {
		.mode = UT_ARCHIVE_READ,
		.bytes = kept->bytes,
		.size = ut_kept_bytes(kept),
	};
	enum ut_status status = walk_trainer(t, &archive, error);

	assert(!archive.failed && archive.at == archive.size);
	t->optimiser.step = (place->epoch - 1) * t->steps + place->step;
	t->optimiser.power1 = place->power1;
	t->optimiser.power2 = place->power2;
	return status;
}

/* The whole ---------------------------------------------------------------- */

static void archive_array(void *user, void *array, size_t bytes)
{
	ut_archive_bytes(user, array, bytes);
}

/* Results, and weights of the conditions that each replica has reached. */
static enum ut_status walk_host(const struct ut_subject *subject,
				const uint8_t *reached,
				struct ut_archive *archive,
				struct ut_error *error)
{
	enum ut_status status = UT_OK;
	int c;

	ut_results_walk(subject->results, archive_array, archive);
	for (c = 0; c < UT_CONDITIONS && !status; ++c)
		if (subject->recipe->conditions & 1u << c)
			status = ut_keeper_archive(subject->keeper, c, reached,
						   archive, error);
	return status;
}

/* How many conditions each replica has done, on the heap, or NULL. */
static uint8_t *reached_in(const struct ut_ledger *ledger)
{
	uint8_t *reached = calloc(ledger->replicas, sizeof(*reached));
	const struct ut_kept *kept;
	size_t r;

	if (!reached)
		return NULL;
	for (r = 0; r < ledger->replicas; ++r)
		if (ledger->finished[r])
			reached[r] = UT_CONDITIONS;
	for (kept = ledger->kept; kept; kept = kept->next)
		memset(reached + kept->place.first, (int)kept->place.phase,
		       kept->place.replicas);
	return reached;
}

/* A state's parts between head and digest, in their order; not for reading. */
static enum ut_status walk(const struct ut_subject *subject,
			   struct ut_archive *archive, struct ut_error *error)
{
	const struct ut_ledger *ledger = subject->ledger;
	uint8_t *reached = reached_in(ledger);
	struct ut_kept *kept;
	enum ut_status status;

	if (!reached)
		return out_of_memory(error);
	ut_archive_bytes(archive, ledger->finished, ledger->replicas);
	for (kept = ledger->kept; kept; kept = kept->next) {
		ut_archive_bytes(archive, &kept->place, sizeof(kept->place));
		ut_archive_bytes(archive, kept->bytes, ut_kept_bytes(kept));
	}
	status = walk_host(subject, reached, archive, error);
	free(reached);
	return status;
}

size_t ut_state_limit(const struct ut_subject *subject)
{
	struct ut_archive archive = {.mode = UT_ARCHIVE_COUNT};
	size_t R = subject->recipe->replicas, most = 0, bytes;
	struct ut_place place = {.replicas = (uint32_t)R};
	uint8_t *reached = malloc(R);

	for (place.phase = 0; place.phase < UT_CONDITIONS; ++place.phase) {
		struct ut_kept layout = subject_layout(subject, &place);

		bytes = ut_kept_bytes(&layout);
		most = bytes > most ? bytes : most;
	}
	/* without memory for this there is none to read a state either */
	if (reached) {
		memset(reached, UT_CONDITIONS, R);
		walk_host(subject, reached, &archive, NULL);
	}
	free(reached);
	return sizeof(struct head) + R * (1 + sizeof(struct ut_place)) + most +
	       archive.at + sizeof(struct ut_fingerprint);
}

/* Of the images that only students are shown; zero where there are none. */
static struct ut_fingerprint shown_digest(const struct ut_dataset *data)
{
	return data->shown ? data->shown->train.digest
			   : (struct ut_fingerprint){0};
}

static enum ut_status fill_head(const struct ut_subject *subject,
				uint64_t sequence, double seconds,
				struct head *head, struct ut_error *error)
{
	const struct ut_ledger *ledger = subject->ledger;
	struct ut_archive archive = {.mode = UT_ARCHIVE_COUNT};
	enum ut_status status = walk(subject, &archive, error);
	const struct ut_kept *kept;

	memset(head, 0, sizeof(*head));
	memcpy(head->magic, magic, sizeof(magic));
	head->order = ORDER;
	head->contract = UT_CONTRACT;
	strncpy(head->version, UT_VERSION, VERSION_BYTES - 1);
	if (*subject->results->flaw)
		strcpy(head->flaw, subject->results->flaw);
	else if (subject->flaw)
		strncpy(head->flaw, subject->flaw, UT_FLAW - 1);
	head->size = sizeof(*head) + archive.at + sizeof(struct ut_fingerprint);
	head->train = subject->data->train.digest;
	head->test = subject->data->test.digest;
	head->shown = shown_digest(subject->data);
	head->state.sequence = sequence;
	head->state.seconds = seconds;
	head->state.images = ledger->images;
	memcpy(head->state.done, ledger->done, sizeof(ledger->done));
	for (kept = ledger->kept; kept; kept = kept->next)
		++head->state.groups;
	if (!status && !print_recipe(subject->recipe, &head->recipe))
		status = out_of_memory(error);
	return status;
}

enum ut_status ut_state_write(const struct ut_subject *subject,
			      uint64_t sequence, double seconds,
			      const char *path, struct ut_error *error)
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

	status = fill_head(subject, sequence, seconds, &head, error);
	if (!status)
		status = ut_draft_begin(&draft, path, error);
	if (status)
		return status;
	ut_fingerprint_init(&print);
	ut_archive_bytes(&archive, &head, sizeof(head));
	status = walk(subject, &archive, error);
	if (!status) {
		digest = ut_fingerprint_finish(&print);
		ut_archive_bytes(&archive, &digest, sizeof(digest));
		assert(archive.at == head.size);
		status = ut_draft_commit(&draft, error);
	}
	ut_draft_abort(&draft);
	return status;
}

/* Reading ------------------------------------------------------------------ */

/* Whether a group of the run can stand there. */
static bool check_place(const struct ut_subject *subject,
			const struct ut_place *place)
{
	const struct ut_recipe *recipe = subject->recipe;
	uint64_t epochs;

	if (place->phase >= UT_CONDITIONS ||
	    !(recipe->conditions & 1u << place->phase) ||
	    !subject->results->phases[place->phase].trained ||
	    (place->phase == UT_TEACHER && subject->has_teachers))
		return false;
	if (!place->replicas || place->replicas > recipe->replicas ||
	    place->first > recipe->replicas - place->replicas)
		return false;
	epochs = subject->results->phases[place->phase].epochs;
	if (place->epoch == epochs + 1)
		return !place->step;
	return place->epoch && place->epoch <= epochs &&
	       place->step <= ut_trainer_steps(recipe, subject->data,
					       (enum ut_condition)place->phase);
}

/*
 * Writes down how many conditions each replica has done; false when the bytes
 * between head and end do not say, or have another length than they should.
 */
static bool check_parts(const struct ut_subject *subject,
			const unsigned char *bytes, size_t end, uint64_t groups,
			uint8_t *reached)
{
	struct ut_archive archive = {.mode = UT_ARCHIVE_COUNT};
	size_t R = subject->recipe->replicas, at = sizeof(struct head), r;

	if (R > end - at)
		return false;
	for (r = 0; r < R; ++r) {
		if (bytes[at + r] > 1)
			return false;
		reached[r] = bytes[at + r] ? UT_CONDITIONS : 0;
	}
	at += R;
	for (; groups; --groups) {
		struct ut_place place;
		struct ut_kept layout;
		size_t more;

		if (sizeof(place) > end - at)
			return false;
		memcpy(&place, bytes + at, sizeof(place));
		at += sizeof(place);
		if (!check_place(subject, &place))
			return false;
		layout = subject_layout(subject, &place);
		more = ut_kept_bytes(&layout);
		if (more > end - at)
			return false;
		at += more;
		for (r = place.first; r < place.first + place.replicas; ++r) {
			if (reached[r])
				return false;
			/* the mark keeps groups apart before any condition */
			reached[r] = (uint8_t)(0x80 | place.phase);
		}
	}
	for (r = 0; r < R; ++r)
		reached[r] &= 0x7f;
	walk_host(subject, reached, &archive, NULL);
	return archive.at == end - at;
}

/* What is wrong with the bytes, or NULL. */
static const char *find_fault(const struct ut_subject *subject,
			      const unsigned char *bytes, size_t size,
			      struct head *head, uint8_t *reached)
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
	if (!reached || !print_recipe(subject->recipe, &recipe))
		return "not compared: out of memory";
	if (!ut_fingerprint_equal(recipe, head->recipe))
		return "of another recipe";
	if (!ut_fingerprint_equal(head->train, subject->data->train.digest) ||
	    !ut_fingerprint_equal(head->test, subject->data->test.digest) ||
	    !ut_fingerprint_equal(head->shown, shown_digest(subject->data)))
		return "of other data than are here: digests differ";
	if (!check_parts(subject, bytes, end, head->state.groups, reached))
		return "nowhere in this run";
	return NULL;
}

enum ut_status ut_state_check(const struct ut_subject *subject,
			      const unsigned char *bytes, size_t size,
			      struct ut_state *state, struct ut_error *error)
{
	uint8_t *reached = malloc(subject->recipe->replicas);
	struct head head;
	const char *fault = find_fault(subject, bytes, size, &head, reached);

	free(reached);
	if (fault)
		return ut_error_set(error, UT_CORRUPT, "%s", fault);
	*state = head.state;
	return UT_OK;
}

enum ut_status ut_state_read(const struct ut_subject *subject,
			     const unsigned char *bytes, size_t size,
			     struct ut_error *error)
{
	struct ut_ledger *ledger = subject->ledger;
	struct ut_archive archive = {
		.mode = UT_ARCHIVE_READ,
		.bytes = bytes,
		.size = size - sizeof(struct ut_fingerprint),
	};
	enum ut_status status;
	struct head head;
	uint8_t *reached;
	uint64_t g;

	ut_archive_bytes(&archive, &head, sizeof(head));
	head.flaw[UT_FLAW - 1] = '\0';
	if (*head.flaw)
		strcpy(subject->results->flaw, head.flaw);
	memcpy(ledger->done, head.state.done, sizeof(ledger->done));
	ledger->images = head.state.images;
	ut_archive_bytes(&archive, ledger->finished, ledger->replicas);
	for (g = 0; g < head.state.groups; ++g) {
		struct ut_place place;
		struct ut_kept layout, *kept;

		ut_archive_bytes(&archive, &place, sizeof(place));
		layout = subject_layout(subject, &place);
		kept = ut_kept_new(&layout);
		if (!kept)
			return out_of_memory(error);
		ut_ledger_keep(ledger, kept);
		ut_archive_bytes(&archive, kept->bytes, ut_kept_bytes(kept));
	}
	reached = reached_in(ledger);
	if (!reached)
		return out_of_memory(error);
	status = walk_host(subject, reached, &archive, error);
	free(reached);
	assert(status || (!archive.failed && archive.at == archive.size));
	return status;
}
