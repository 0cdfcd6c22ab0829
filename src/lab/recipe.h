/* Recipes: every knob of a run, as INI files and as key=value words. */
#ifndef UT_RECIPE_H
#define UT_RECIPE_H

#include "base/text.h"
#include "nn/net.h"
#include "nn/optimiser.h"

/* Who is measured; teacher and reference always are. */
enum ut_condition {
	UT_TEACHER,
	UT_REFERENCE, /* the teacher's initialisation, untrained */
	UT_AUX,       /* student, same initialisation, auxiliary logits */
	UT_ALL,       /* student, same initialisation, all logits */
	UT_CROSS_AUX, /* another initialisation, auxiliary logits */
	UT_CROSS_ALL, /* another initialisation, all logits */
	UT_CEILING,   /* the teacher's body under its initial head */
	/* a teacher whose labels were shuffled, and its students; always last:
	 * they take the teacher's place */
	UT_SHUFFLED_TEACHER,
	UT_SHUFFLED_AUX, /* student, same initialisation, auxiliary logits */
	UT_CONDITIONS,
};

enum ut_split_kind { UT_SPLIT_STANDARD, UT_SPLIT_MERGED };
enum ut_scale {
	UT_SCALE_SYMMETRIC,
	UT_SCALE_UNIT,
	UT_SCALE_STANDARD,
	UT_SCALE_IMAGENET,
};
enum ut_noise_family {
	UT_NOISE_UNIFORM,
	UT_NOISE_NORMAL,
	UT_NOISE_BLURRED,
	UT_NOISE_OCTAVES,
	UT_NOISE_LOWRANK,
	UT_NOISE_CONSTANT,
	UT_NOISE_ZEROS,
	UT_NOISE_IMAGES,
};
enum ut_colour { UT_RGB, UT_GREY };
enum ut_space { UT_SPACE_INPUT, UT_SPACE_PIXEL };
enum ut_order { UT_ORDER_SHUFFLED, UT_ORDER_SEQUENTIAL };
enum ut_images { UT_IMAGES_REUSED, UT_IMAGES_REDRAWN };
enum ut_control { UT_CONTROL_FRESH, UT_CONTROL_DERANGEMENT };
enum ut_when { UT_AT_END, UT_EACH_EPOCH };
enum ut_save { UT_SAVE_ALL, UT_SAVE_FIRST, UT_SAVE_NONE };

/* What teacher and students have in common. */
struct ut_training {
	uint64_t epochs, batch;
	struct ut_optimiser_plan optimiser; /* steps is not a key */
	double dropout, dropout_fc;         /* fc: below 0, as dropout */
};

enum { UT_RECIPE_TEXT = 256, UT_RECIPE_PATH = 4096 };

struct ut_recipe {
	char name[UT_RECIPE_TEXT];
	char about[UT_RECIPE_TEXT];
	uint64_t seed, replicas, group;
	unsigned conditions; /* bit 1 << enum ut_condition */
	char net[UT_RECIPE_TEXT];
	int init, order, evaluate, save; /* enums above, ut_init */
	int robustness, diagnostics;     /* 0 or 1 */
	uint64_t samples;

	struct {
		char set[UT_RECIPE_TEXT];
		char dir[UT_RECIPE_PATH];
		char classes[UT_RECIPE_TEXT];
		int split, scale, on_error;
		uint64_t limit, memory;
		char cache[UT_RECIPE_PATH];
	} data;
	struct {
		uint64_t size;
		int colour, fit;
	} image;
	struct {
		double rotate, brightness;
		uint64_t shift;
		int flip;
	} augment;
	struct ut_training teacher;
	struct {
		struct ut_training training;
		uint64_t aux, use, images;
		int loss, noise, noise_space, redraw, control;
		double temperature, alpha;
		double noise_scale, noise_shift;
		double noise_sigma, noise_correlation, noise_mix;
		uint64_t noise_rank;
		char noise_set[UT_RECIPE_TEXT];
		char noise_dir[UT_RECIPE_PATH];
		char share[UT_RECIPE_TEXT];
		double perturb;
	} distill;
	/* What a paper reported, as text beside ours; may be empty. */
	char published[UT_CONDITIONS][UT_RECIPE_TEXT];
	char published_source[UT_RECIPE_TEXT];
};

/* "teacher", "reference", "aux", and so on: as recipes name them. */
const char *ut_condition_name(enum ut_condition condition);

/* True for the conditions that are students and train. */
bool ut_condition_is_student(enum ut_condition condition);

/* True for the conditions that train on images and labels. */
bool ut_condition_is_teacher(enum ut_condition condition);

/* How the recipe trains the teacher, or a student. */
const struct ut_training *ut_recipe_training(const struct ut_recipe *recipe,
					     enum ut_condition condition);

/* Every key at its default: docs/RECIPES.md. */
void ut_recipe_init(struct ut_recipe *recipe);

/*
 * Sets one key, "section.key" or "key". UT_INVALID says what is wrong: an
 * unknown key (with the nearest known one), a value out of its range.
 */
enum ut_status ut_recipe_set(struct ut_recipe *recipe, const char *key,
			     const char *value, struct ut_error *error);

/* Sets one "key=value" word. */
enum ut_status ut_recipe_assign(struct ut_recipe *recipe, const char *word,
				struct ut_error *error);

/* Sets every key of an INI text; name stands in the errors. */
enum ut_status ut_recipe_parse(struct ut_recipe *recipe, const char *text,
			       const char *name, struct ut_error *error);

/*
 * Reads an INI file over the defaults, or over another recipe of the same folder
 * where the file begins with `base = NAME`.
 */
enum ut_status ut_recipe_load(struct ut_recipe *recipe, const char *path,
			      struct ut_error *error);

/* Reads the recipe of a run's folder. */
enum ut_status ut_recipe_load_run(struct ut_recipe *recipe, const char *folder,
				  struct ut_error *error);

/* Appends the whole recipe as INI, every key resolved. */
void ut_recipe_write(const struct ut_recipe *recipe, struct ut_text *text);

/*
 * Appends, a line a key, those keys alone that decide the bits of the teachers:
 * recipes in which these are equal have the same ones.
 */
void ut_recipe_write_teacher(const struct ut_recipe *recipe,
			     struct ut_text *text);

/* Whether the key is one of those. */
bool ut_recipe_key_is_teachers(const char *key);

/*
 * The keys that say where and how a run is done, and change nothing of what comes
 * out; NULL-terminated.
 */
extern const char *const ut_recipe_circumstances[];
bool ut_recipe_key_is_circumstance(const char *key);

/* Whether a value of the key can hold a comma; false for unknown keys. */
bool ut_recipe_key_is_list(const char *key);

/* Appends the value of a key as recipes write it; false for unknown keys. */
bool ut_recipe_value(const struct ut_recipe *recipe, const char *key,
		     struct ut_text *text);

/* Checks what single keys cannot: what does not go together. */
enum ut_status ut_recipe_check(const struct ut_recipe *recipe,
			       struct ut_error *error);

/*
 * The layers that students share with their teacher's initialisation, as
 * distill.share names them. UT_INVALID names one that net does not have.
 */
enum ut_status ut_recipe_shared(const struct ut_recipe *recipe,
				const struct ut_net *net, uint32_t *layers,
				struct ut_error *error);

/* Whether students are shown real images, alone or mixed with noise. */
bool ut_recipe_shows_images(const struct ut_recipe *recipe);

/* Whether these are another set's than the teacher's, and so to be loaded. */
bool ut_recipe_shows_others(const struct ut_recipe *recipe);

/*
 * One key for people: name, allowed values and default, meaning. Walks the keys
 * in the order of docs/RECIPES.md; false past the end. values is appended to;
 * name and meaning are constants.
 */
bool ut_recipe_describe(size_t index, const char **name, const char **meaning,
			struct ut_text *values);

/* The classes kept, of `all` classes: the first and one past the last. */
enum ut_status ut_recipe_classes(const struct ut_recipe *recipe, size_t all,
				 size_t *first, size_t *end,
				 struct ut_error *error);

#endif
