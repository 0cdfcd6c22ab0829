/* Arenas as files in PyTorch's names and layout, and back. */
#ifndef UT_WEIGHTS_H
#define UT_WEIGHTS_H

#include "nn/net.h"
#include "report/safetensors.h"

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
