/*
 * A fuzz target is the function below, as libFuzzer calls it. `make fuzz` builds
 * each with sanitizers: by clang with libFuzzer where that is there, else with
 * mutate.c, and runs it for FUZZ_SECONDS on the files of tests/fixtures.
 */
#ifndef UT_FUZZ_H
#define UT_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Returns 0; whatever is wrong with the data must not end the program. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#endif
