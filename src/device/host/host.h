/* The host backend's entry for src/device/backends.c. */
#ifndef UT_HOST_H
#define UT_HOST_H

#include "device/backend.h"

/*
 * C on the processor's cores through OpenMP. Opening chooses the best processor
 * level this machine supports, or the one UNDERTONE_HOST_LEVEL names, and as
 * many threads as OpenMP offers (OMP_NUM_THREADS).
 */
extern const struct ut_backend ut_host_backend;

/* Appends the host: always exactly one device. */
enum ut_status ut_host_list(struct ut_device_list *list,
			    struct ut_error *error);

#endif
