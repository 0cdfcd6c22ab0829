/* What of a run is done, and what is under way. */
#include "lab/ledger.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum ut_status ut_ledger_init(struct ut_ledger *ledger, size_t replicas,
			      struct ut_error *error)
{
	*ledger = (struct ut_ledger){
		.replicas = replicas,
		.finished = calloc(replicas, sizeof(*ledger->finished)),
	};
	return ledger->finished
		       ? UT_OK
		       : ut_error_set(error, UT_MEMORY, "out of memory");
}

void ut_ledger_release(struct ut_ledger *ledger)
{
	struct ut_kept *kept, *next;

	for (kept = ledger->kept; kept; kept = next) {
		next = kept->next;
		ut_kept_free(kept);
	}
	free(ledger->finished);
	*ledger = (struct ut_ledger){0};
}

size_t ut_kept_bytes(const struct ut_kept *kept)
{
	return kept->place.replicas *
	       (kept->arenas * kept->arena_bytes + kept->history_bytes);
}

struct ut_kept *ut_kept_new(const struct ut_kept *layout)
{
	struct ut_kept *kept = malloc(sizeof(*kept));

	if (!kept)
		return NULL;
	*kept = *layout;
	kept->next = NULL;
	kept->bytes = malloc(ut_kept_bytes(layout));
	if (kept->bytes)
		return kept;
	free(kept);
	return NULL;
}

void ut_kept_free(struct ut_kept *kept)
{
	if (!kept)
		return;
	free(kept->bytes);
	free(kept);
}

struct ut_kept *ut_ledger_find(const struct ut_ledger *ledger, unsigned first)
{
	struct ut_kept *kept = ledger->kept;

	while (kept && kept->place.first != first)
		kept = kept->next;
	return kept;
}

/* Takes the group that begins with `first` out of the list; or NULL. */
static struct ut_kept *take_out(struct ut_ledger *ledger, unsigned first)
{
	struct ut_kept **link = &ledger->kept, *kept;

	while (*link && (*link)->place.first != first)
		link = &(*link)->next;
	kept = *link;
	if (kept)
		*link = kept->next;
	return kept;
}

static void put_in(struct ut_ledger *ledger, struct ut_kept *kept)
{
	kept->next = ledger->kept;
	ledger->kept = kept;
}

void ut_ledger_keep(struct ut_ledger *ledger, struct ut_kept *kept)
{
	struct ut_kept *old = take_out(ledger, kept->place.first);

	assert(!old || old->place.replicas == kept->place.replicas);
	ut_kept_free(old);
	put_in(ledger, kept);
}

/* The replicas of kept from `from` on, so many; NULL: out of memory. */
static struct ut_kept *part_of(const struct ut_kept *kept, unsigned from,
			       unsigned replicas)
{
	double share = (double)replicas / kept->place.replicas;
	struct ut_kept layout = *kept, *part;
	const unsigned char *source = kept->bytes;
	unsigned char *to;
	size_t i;
	int w;

	layout.place.first += from;
	layout.place.replicas = replicas;
	/* all replicas take the same */
	for (w = 0; w < UT_EFFORTS; ++w)
		layout.place.done[w] *= share;
	layout.place.images *= share;
	part = ut_kept_new(&layout);
	if (!part)
		return NULL;
	to = part->bytes;
	for (i = 0; i <= kept->arenas; ++i) {
		size_t each = i < kept->arenas ? kept->arena_bytes
					       : kept->history_bytes;

		memcpy(to, source + from * each, replicas * each);
		to += replicas * each;
		source += kept->place.replicas * each;
	}
	return part;
}

void ut_ledger_cut(struct ut_ledger *ledger, unsigned first, unsigned replicas)
{
	struct ut_kept *whole = ut_ledger_find(ledger, first), *head, *rest;

	if (!whole || whole->place.replicas <= replicas)
		return;
	take_out(ledger, first);
	head = part_of(whole, 0, replicas);
	rest = part_of(whole, replicas, whole->place.replicas - replicas);
	if (head)
		put_in(ledger, head);
	if (rest)
		put_in(ledger, rest);
	ut_kept_free(whole);
}

void ut_ledger_finish(struct ut_ledger *ledger, unsigned first,
		      unsigned replicas, const struct ut_progress *progress)
{
	int w;

	ut_kept_free(take_out(ledger, first));
	memset(ledger->finished + first, 1, replicas);
	for (w = 0; w < UT_EFFORTS; ++w)
		ledger->done[w] += progress->done[w];
	ledger->images += progress->images;
}
