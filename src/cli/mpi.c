/* Messages between the processes that mpirun started: all there is of MPI. */
#include "cli/mpi.h"

#include <stdlib.h>

#include "config.h"

bool mpi_started(void)
{
	/* Open MPI and PRRTE, MPICH and Intel, MVAPICH */
	static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK",
					    "PMI_RANK", "MV2_COMM_WORLD_SIZE"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); ++i)
		if (getenv(names[i]))
			return true;
	return false;
}

#if UT_HAVE_MPI

#include <mpi.h>

enum { TAG = 1 };

enum ut_status mpi_begin(int *rank, int *size, struct ut_error *error)
{
	if (MPI_Init(NULL, NULL))
		return ut_error_set(error, UT_IO, "MPI does not start");
	MPI_Comm_rank(MPI_COMM_WORLD, rank);
	MPI_Comm_size(MPI_COMM_WORLD, size);
	return UT_OK;
}

void mpi_end(void)
{
	MPI_Finalize();
}

void mpi_send(int rank, const struct mpi_message *message)
{
	MPI_Send(message, sizeof(*message), MPI_BYTE, rank, TAG,
		 MPI_COMM_WORLD);
}

bool mpi_receive(int *rank, struct mpi_message *message)
{
	MPI_Status status;
	int there = 0;

	MPI_Iprobe(MPI_ANY_SOURCE, TAG, MPI_COMM_WORLD, &there, &status);
	if (!there)
		return false;
	MPI_Recv(message, sizeof(*message), MPI_BYTE, status.MPI_SOURCE, TAG,
		 MPI_COMM_WORLD, &status);
	message->text[MPI_TEXT - 1] = '\0';
	*rank = status.MPI_SOURCE;
	return true;
}

#else

enum ut_status mpi_begin(int *rank, int *size, struct ut_error *error)
{
	*rank = 0;
	*size = 1;
	return ut_error_set(error, UT_MISSING,
			    "mpirun started this, but it was built without MPI "
			    "(./configure --with-mpi=yes); --shard divides a "
			    "sweep without it");
}

void mpi_end(void)
{
}

void mpi_send(int rank, const struct mpi_message *message)
{
	(void)rank;
	(void)message;
}

bool mpi_receive(int *rank, struct mpi_message *message)
{
	(void)rank;
	(void)message;
	return false;
}

#endif
