/* The table of a recipe's keys: docs/RECIPES.md lists them in this order. */
#include "lab/recipe_keys.h"

#include "data/images.h"

const char *const ut_condition_names[] = {
	"teacher",      "reference", "aux",     "all",
	"cross-aux",    "cross-all", "ceiling", "shuffled-teacher",
	"shuffled-aux", NULL,
};
static const char *const inits[] = {"fan-in", "he", "pytorch", NULL};
static const char *const orders[] = {"shuffled", "sequential", NULL};
static const char *const whens[] = {"end", "epoch", NULL};
static const char *const answers[] = {"no", "yes", NULL};
static const char *const saves[] = {"all", "first", "none", NULL};
static const char *const splits[] = {"standard", "merged", NULL};
static const char *const scales[] = {"symmetric", "unit", "standard",
				     "imagenet", NULL};
static const char *const colours[] = {"rgb", "grey", NULL};
static const char *const fits[] = {"crop", "stretch", NULL};
static const char *const on_errors[] = {"stop", "skip", NULL};
static const char *const spaces[] = {"input", "pixel", NULL};
static const char *const schedules[] = {"constant", "cosine", NULL};
static const char *const optimisers[] = {"sgd", "adam", "adamw", NULL};
static const char *const losses[] = {"kl", "mse",    "mse-norm", "revkl",
				     "js", "cosine", "kd",       NULL};
static const char *const noises[] = {"uniform", "normal",  "blurred",
				     "octaves", "lowrank", "constant",
				     "zeros",   "images",  NULL};
static const char *const redraws[] = {"never", "epoch", NULL};
static const char *const controls[] = {"fresh", "derangement", NULL};

#define AT(member) offsetof(struct ut_recipe, member)
#define TEXT_AT(member)                                                      \
	UT_KEY_TEXT, AT(member), sizeof(((struct ut_recipe *)0)->member), 0, \
		0, NULL
#define NAME_AT(member)                                                      \
	UT_KEY_NAME, AT(member), sizeof(((struct ut_recipe *)0)->member), 0, \
		0, NULL
#define WHOLE_AT(member, low, high) UT_KEY_WHOLE, AT(member), 0, low, high, NULL
#define REAL_AT(member, low, high) UT_KEY_REAL, AT(member), 0, low, high, NULL
#define CHOICE_AT(member, names) UT_KEY_CHOICE, AT(member), 0, 0, 0, names

/* The keys that teacher and students share, under their section's name. */
#define TRAINING_KEYS(section, member, epochs_, batch_, rate_)                 \
	{section ".epochs", WHOLE_AT(member.epochs, 0, 100000), epochs_,       \
	 "passes over the images"},                                            \
		{section ".batch", WHOLE_AT(member.batch, 1, 65536), batch_,   \
		 "images a step"},                                             \
		{section ".lr", REAL_AT(member.optimiser.rate, 0, 100), rate_, \
		 "learning rate"},                                             \
		{section ".schedule",                                          \
		 CHOICE_AT(member.optimiser.schedule, schedules), "constant",  \
		 "learning rate over the steps: constant, or half a cosine "   \
		 "to 0"},                                                      \
		{section ".optimiser",                                         \
		 CHOICE_AT(member.optimiser.kind, optimisers), "adam",         \
		 "sgd has momentum beta1; adamw decays weights decoupled"},    \
		{section ".beta1",                                             \
		 REAL_AT(member.optimiser.beta1, 0, 0.999999), "0.9",          \
		 "decay of the first moment, or momentum"},                    \
		{section ".beta2",                                             \
		 REAL_AT(member.optimiser.beta2, 0, 0.999999), "0.999",        \
		 "decay of the second moment"},                                \
		{section ".epsilon",                                           \
		 REAL_AT(member.optimiser.epsilon, 1e-12, 1), "1e-8",          \
		 "added to the root of the second moment"},                    \
		{section ".weight_decay",                                      \
		 REAL_AT(member.optimiser.decay, 0, 100), "0",                 \
		 "of adamw: weights lose lr times this a step"},               \
		{section ".dropout", REAL_AT(member.dropout, 0, 0.99), "0",    \
		 "share of hidden activations dropped after each ReLU, or "    \
		 "after the max-pool that follows it"},                        \
	{                                                                      \
		section ".dropout_fc", REAL_AT(member.dropout_fc, -1, 0.99),   \
			"-1",                                                  \
			"the same of 'fc' layers; below 0: as dropout says"    \
	}

#define PUBLISHED_KEY(name, condition)                                        \
	{                                                                     \
		"published." name, TEXT_AT(published[condition]), "",         \
			"what the source reports for this row, shown beside " \
			"ours"                                                \
	}

const struct ut_key ut_recipe_keys[] = {
	{"name", NAME_AT(name), "", "the recipe's name"},
	{"about", TEXT_AT(about), "", "one line for people"},
	{"seed", WHOLE_AT(seed, 0, 4294967295.0), "1",
	 "of every random number of the run"},
	{"replicas", WHOLE_AT(replicas, 1, 100000), "5",
	 "how many times the experiment is done, each with its own numbers"},
	{"group", WHOLE_AT(group, 0, 100000), "0",
	 "replicas side by side on a device, at most; 0: as suits it. Never "
	 "changes a bit"},
	{"conditions", UT_KEY_CONDITIONS, AT(conditions), 0, 0, 0,
	 ut_condition_names, "aux, cross-aux, all, cross-all, ceiling",
	 "what is measured beside teacher and reference"},
	{"net", TEXT_AT(net), "fc 256, fc 256",
	 "hidden layers: a comma list of 'conv CHANNELS', 'pool', 'avgpool' "
	 "and "
	 "'fc WIDTH'; or mlp, cnn2, cnn3"},
	{"init", CHOICE_AT(init, inits), "fan-in",
	 "weights: N(0, 1/fan_in) or N(0, 2/fan_in) with biases 0, or both "
	 "uniform in 1/sqrt(fan_in)"},
	{"order", CHOICE_AT(order, orders), "shuffled",
	 "of the images in an epoch; drawn for each replica"},
	{"evaluate", CHOICE_AT(evaluate, whens), "end",
	 "when test accuracy is measured"},
	{"robustness", CHOICE_AT(robustness, answers), "no",
	 "in the end, measure rotated, cropped, low-light and busy-background "
	 "copies of the test images too"},
	{"diagnostics", CHOICE_AT(diagnostics, answers), "no",
	 "measure drift, likeness to the teacher (weights, CKA, gradients) and "
	 "linear probes of every student: diagnostics.csv"},
	{"samples", WHOLE_AT(samples, 0, 1000), "8",
	 "test images, the first ones, whose logits are kept in samples.csv"},
	{"save", CHOICE_AT(save, saves), "all",
	 "whose weights the run keeps: all replicas, the first, none"},
	{"data.set", TEXT_AT(data.set), "mnist",
	 "mnist, fashion-mnist, catdog, images (any folder of JPEGs: data.dir) "
	 "or glyphs (generated digits)"},
	{"data.dir", TEXT_AT(data.dir), "",
	 "folder of the data set; empty: the usual places"},
	{"data.classes", TEXT_AT(data.classes), "all",
	 "classes kept: all, or consecutive ones: '0, 1' or '0-4'"},
	{"data.split", CHOICE_AT(data.split, splits), "standard",
	 "the data set's own test images, or all merged and a fifth drawn"},
	{"data.scale", CHOICE_AT(data.scale, scales), "symmetric",
	 "pixels in [-1, 1], in [0, 1], with the training pixels' mean 0 and "
	 "deviation 1 in each channel, or with ImageNet's"},
	{"data.limit", WHOLE_AT(data.limit, 0, 1e9), "0",
	 "training images used; 0: all"},
	{"data.on_error", CHOICE_AT(data.on_error, on_errors), "stop",
	 "at a JPEG that cannot be read: stop, or leave it out and say so"},
	{"data.memory", WHOLE_AT(data.memory, 0, 1e9), "0",
	 "MiB of decoded images kept in memory, else data.cache is needed; 0: "
	 "half of what there is"},
	{"data.cache", TEXT_AT(data.cache), "",
	 "folder in which decoded images are kept for the next run; empty: "
	 "nowhere"},
	{"image.size", WHOLE_AT(image.size, 1, UT_IMAGE_SIDE_MAX), "224",
	 "of JPEGs: side in pixels that they are scaled to"},
	{"image.colour", CHOICE_AT(image.colour, colours), "rgb",
	 "of JPEGs: three channels, or one"},
	{"image.fit", CHOICE_AT(image.fit, fits), "crop",
	 "of JPEGs that are no squares: cut the middle out, or stretch them"},
	{"augment.rotate", REAL_AT(augment.rotate, 0, 179), "0",
	 "training images are turned at random by up to this many degrees "
	 "either way"},
	{"augment.shift", WHOLE_AT(augment.shift, 0, 1024), "0",
	 "they are moved by up to this many pixels along each axis (pad and "
	 "random crop)"},
	{"augment.flip", CHOICE_AT(augment.flip, answers), "no",
	 "half of them are flipped left to right"},
	{"augment.brightness", REAL_AT(augment.brightness, 0, 0.99), "0",
	 "their pixels are multiplied by 1 plus or minus up to this"},
	TRAINING_KEYS("teacher", teacher, "5", "1024", "3e-4"),
	TRAINING_KEYS("distill", distill.training, "5", "1024", "3e-4"),
	{"distill.aux", WHOLE_AT(distill.aux, 1, 4096), "3",
	 "auxiliary logits: never trained in the teacher"},
	{"distill.use", WHOLE_AT(distill.use, 0, 4096), "0",
	 "of the auxiliary logits, how many students are distilled on, the "
	 "first ones; 0: all"},
	{"distill.share", TEXT_AT(distill.share), "all",
	 "layers that begin as the teacher's began, the others drawn afresh: "
	 "all, body, head, or a comma list such as 'fc1, fc3'"},
	{"distill.perturb", REAL_AT(distill.perturb, 0, 1000), "0",
	 "students begin that many deviations of the initialisation away from "
	 "it, in a random direction"},
	{"distill.loss", CHOICE_AT(distill.loss, losses), "kl",
	 "distance from the teacher's logits: KL of softmax, mean squared "
	 "difference, the same over the teacher's batch deviation, KL the "
	 "other way round, Jensen-Shannon, 1 - cosine, or kd: KL and the "
	 "labels of real images together"},
	{"distill.temperature", REAL_AT(distill.temperature, 0.01, 1000), "1",
	 "of kl, revkl, js and kd: logits are divided by it; kd's KL counts "
	 "times its square"},
	{"distill.alpha", REAL_AT(distill.alpha, 0, 1), "0",
	 "of kd: weight of the labels' cross-entropy, 1 - alpha of the KL"},
	{"distill.noise", CHOICE_AT(distill.noise, noises), "uniform",
	 "z: uniform in [-1, 1), normal, normal and blurred, octaves of normal "
	 "fields as in photographs, normal in noise_rank directions, one "
	 "normal number an image, 0, or real images"},
	{"distill.noise_scale", REAL_AT(distill.noise_scale, -1e6, 1e6), "1",
	 "an element of a noise image is z noise_scale + noise_shift"},
	{"distill.noise_shift", REAL_AT(distill.noise_shift, -1e6, 1e6), "0",
	 "see distill.noise_scale"},
	{"distill.noise_space", CHOICE_AT(distill.noise_space, spaces), "input",
	 "what such an element is: the network's input, or a pixel of [0, 1] "
	 "that is scaled as images are"},
	{"distill.noise_sigma", REAL_AT(distill.noise_sigma, 0.1, 16), "1",
	 "of blurred noise: the Gaussian's deviation in pixels"},
	{"distill.noise_correlation", REAL_AT(distill.noise_correlation, 0, 1),
	 "0.9",
	 "of octaves in colour: correlation's root, the weight of the field "
	 "that all channels share"},
	{"distill.noise_rank", WHOLE_AT(distill.noise_rank, 1, 65536), "100",
	 "of lowrank: how many fixed random directions its images are made of"},
	{"distill.noise_set", TEXT_AT(distill.noise_set), "",
	 "the data set whose training images are shown, by images and by "
	 "noise_mix; empty: the teacher's own"},
	{"distill.noise_dir", TEXT_AT(distill.noise_dir), "",
	 "folder of that data set; empty: the usual places"},
	{"distill.noise_mix", REAL_AT(distill.noise_mix, 0, 1), "0",
	 "share of a real image in every noise image: noise_mix image + (1 - "
	 "noise_mix) noise"},
	{"distill.images", WHOLE_AT(distill.images, 1, 4294967295.0), "60000",
	 "noise images an epoch"},
	{"distill.redraw", CHOICE_AT(distill.redraw, redraws), "never",
	 "draw new noise images each epoch, or reuse the first ones"},
	{"distill.control", CHOICE_AT(distill.control, controls), "fresh",
	 "the cross students' initialisation: drawn afresh, or another "
	 "replica's"},
	PUBLISHED_KEY("teacher", UT_TEACHER),
	PUBLISHED_KEY("reference", UT_REFERENCE),
	PUBLISHED_KEY("aux", UT_AUX),
	PUBLISHED_KEY("all", UT_ALL),
	PUBLISHED_KEY("cross-aux", UT_CROSS_AUX),
	PUBLISHED_KEY("cross-all", UT_CROSS_ALL),
	PUBLISHED_KEY("ceiling", UT_CEILING),
	PUBLISHED_KEY("shuffled-teacher", UT_SHUFFLED_TEACHER),
	PUBLISHED_KEY("shuffled-aux", UT_SHUFFLED_AUX),
	{"published.source", TEXT_AT(published_source), "",
	 "where these numbers stand"},
};

const size_t ut_recipe_key_count =
	sizeof(ut_recipe_keys) / sizeof(*ut_recipe_keys);
