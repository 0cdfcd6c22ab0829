/*
 * Messages between the processes that mpirun started. A program that was built
 * without MPI has all of these, too, and is alone.
 */
#ifndef UT_MPI_H
#define UT_MPI_H

#include <stdbool.h>

#include <undertone/status.h>

enum { MPI_TEXT = 1000 };

struct mpi_message {
	int kind, task, item, status; /* whatever the two agree on */
	char text[MPI_TEXT];
};

/* Whether mpirun, or another like it, started this process. */
bool mpi_started(void);

/*
 * Begins, only where mpi_started: which process this is, 0 <= rank < size.
 * UT_MISSING when the program was built without MPI. End it with mpi_end.
 */
enum ut_status mpi_begin(int *rank, int *size, struct ut_error *error);
void mpi_end(void);

void mpi_send(int rank, const struct mpi_message *message);

/* Takes the next message, from any rank; false when none is there yet. */
bool mpi_receive(int *rank, struct mpi_message *message);

#endif
