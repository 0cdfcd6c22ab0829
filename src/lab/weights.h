/* Arenas as files in PyTorch's names and layout, and back. */
#ifndef UT_WEIGHTS_H
#define UT_WEIGHTS_H

#include "lab/recipe.h"
#include "report/safetensors.h"

/* The file that keeps a condition's weights, or NULL: the ceiling has none. */
const char *ut_weights_file(enum ut_condition condition);

/* How many replicas' weights a run of the recipe keeps: the first ones. */
size_t ut_weights_kept(const struct ut_recipe *recipe);

/*
 * Reads the weights that a run of the recipe left in its folder. UT_CORRUPT for
 * what cannot be them: no file, or larger than they can be. Release *file when
 * the status is UT_OK.
 */
enum ut_status ut_weights_read(struct ut_tensors *file, const char *folder,
			       const struct ut_recipe *recipe,
			       const struct ut_net *net,
			       enum ut_condition condition,
			       struct ut_error *error);

/*
 * Adds replica's arena to the file: "REPLICA.convN.weight" (O, C, kernel,
 * kernel), "REPLICA.fcN.weight" (O, D) and "REPLICA.X.bias" (O), as the state of
 * a torch.nn.ModuleList of replicas. After a convolution D is flattened as
 * PyTorch does it, channels outermost.
 */
void ut_weights_add(struct ut_tensors *file, const struct ut_net *net,
		    size_t replica, const float *arena);

/*
 * Fills an arena, zeroed before, from the file. UT_CORRUPT names a tensor that
 * is missing, of another shape, or not finite.
 */
enum ut_status ut_weights_find(const struct ut_tensors *file,
			       const struct ut_net *net, size_t replica,
			       float *arena, struct ut_error *error);

#endif
