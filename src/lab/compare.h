/* One recipe on several devices: whether their bits are the same, where they
 * part if not, and what comes of it. */
#ifndef UT_COMPARE_H
#define UT_COMPARE_H

#include "base/text.h"
#include "lab/recipe.h"

enum { UT_COMPARE_TEXT = 512, UT_COMPARE_POINTS = 64 };

/* How far apart the weights of two devices are, relative to their size. */
struct ut_compare_point {
	uint64_t updates; /* of the weights, since they parted */
	double rms, max;  /* of the difference; over the RMS of the weights */
};

/* What two devices had of an element, or of a result. */
struct ut_compare_value {
	double number;
	char bits[16]; /* hexadecimal */
};

/* Where a device's bits part from those of the reference, as far as known. */
struct ut_parting {
	bool placed; /* phase to what */
	enum ut_condition phase;
	uint64_t epoch; /* from 1; 0: before training */
	bool measured;  /* in what was measured of the condition */
	size_t replica;
	char what[32];  /* "fingerprint", "loss", "accuracy", "end" */
	bool traced;    /* stage to digests: the first output that differs */
	char stage[16]; /* "prepare", "step", "look", "measure" */
	uint64_t step;  /* of the epoch, from 1; 0: none */
	uint64_t at;    /* which operation of the stage, from 1 */
	char op[32], of[32]; /* "linear_weights", "fc2" or "" */
	char output[32];     /* "dw" */
	bool dumped;         /* type to values */
	char type[8];        /* "f32", "u32", "u8" */
	uint64_t elements, differing;
	uint64_t element;     /* the first that differs */
	uint64_t ulp;         /* largest difference, in the last place */
	uint64_t not_numbers; /* where one is a NaN and the other is not */
	struct ut_compare_value values[2]; /* the reference's, the device's */
	struct ut_compare_point points[UT_COMPARE_POINTS];
	size_t point_count;
	char note[UT_COMPARE_TEXT]; /* why no more is known, or "" */
};

enum ut_compare_verdict {
	UT_COMPARE_NOT_RUN,
	UT_COMPARE_REFERENCE,
	UT_COMPARE_SAME,
	UT_COMPARE_PARTED,
	UT_COMPARE_FAILED, /* it has no results: words say why */
};

struct ut_compare_row {
	const char *selector; /* the caller's */
	char name[UT_COMPARE_TEXT], platform[UT_COMPARE_TEXT];
	char driver[UT_COMPARE_TEXT], level[UT_COMPARE_TEXT];
	bool bit_exact;
	char flaw[UT_COMPARE_TEXT]; /* why not */
	bool finished;
	double seconds, flop;
	double accuracy[UT_CONDITIONS]; /* means; below 0: none */
	enum ut_compare_verdict verdict;
	char words[UT_COMPARE_TEXT]; /* the last ones of a device that failed */
	struct ut_parting parting;
};

struct ut_compare {
	const struct ut_recipe *recipe;
	const char *program;   /* path of the program itself */
	const char *temporary; /* a folder for what is needed meanwhile */
	double silence; /* seconds after which a child is taken to hang */
	void *user;
	bool (*stop)(void *user); /* or NULL */
	/* What is done now, for people: device, of which row, and the share
	 * of it that is done, or below 0. */
	void (*progress)(void *user, size_t row, const char *doing,
			 double share);
	struct ut_compare_row *rows; /* the first is the reference's */
	size_t count;
};

/*
 * Runs the recipe on the device of every row's selector, in child processes and
 * one after another, and fills the rows. A row that fails costs itself alone;
 * where the first fails, the next that does not is the reference. UT_INTERRUPTED
 * when it was stopped; otherwise errors are of this machine, not of devices.
 *
 * The program is called as "compare @child WORK FOLDER DEVICE MILESTONE OUTPUT
 * REPLICA" (lab/compare_child.h), and prints a line now and then: the share of
 * its work that is done.
 */
enum ut_status ut_compare_run(struct ut_compare *compare,
			      struct ut_error *error);

/* Whether all rows have the same bits. */
bool ut_compare_same(const struct ut_compare *compare);

/* "teacher, epoch 1, step 3, replica 0", as far as it is known. */
void ut_parting_place(const struct ut_parting *parting, struct ut_text *text);

/* "dw of linear_weights of fc2"; appends nothing where that is not known. */
void ut_parting_operation(const struct ut_parting *parting,
			  struct ut_text *text);

/* Appends it as JSON, indented; false when memory ran out. */
bool ut_compare_json(const struct ut_compare *compare, struct ut_text *text);

/* Writes it as one page that needs no other file. */
enum ut_status ut_compare_page(const struct ut_compare *compare,
			       const char *path, struct ut_error *error);

#endif
