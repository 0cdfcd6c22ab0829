/*
 * The library alone, without a network: the product of two matrices on any
 * device, its speed and its bits. Run it on two devices: the last column is the
 * same.
 *
 *   cc gemm.c $(pkg-config --cflags --libs undertone) -o gemm
 *   ./gemm [DEVICE [M N K]]       ./gemm pocl 1024 1024 1024
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <undertone/ops.h>

enum { MOST = 1 << 14, TRIES = 5 };

static double now(void)
{
	struct timespec time;

	timespec_get(&time, TIME_UTC);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* A matrix of normal numbers, made where it is used. */
static struct ut_buffer *draw(struct ut_device *device, size_t rows,
			      size_t columns, uint32_t purpose)
{
	struct ut_buffer *matrix =
		ut_buffer_new(device, UT_F32, rows * columns);
	struct ut_random random = {
		.R = 1,
		.B = rows,
		.columns = columns,
		.width = columns,
		.distribution = UT_NORMAL,
		.affine = ut_affine_of(1, 0),
		.rng = {.seed = 1, .purpose = purpose},
	};

	if (matrix) {
		random.x = ut_slice_of(matrix, rows * columns);
		ut_random(device, &random);
	}
	return matrix;
}

/* A short name for an array's bits: FNV-1a. */
static uint64_t name_of(const float *numbers, size_t count)
{
	const unsigned char *bytes = (const unsigned char *)numbers;
	uint64_t name = 14695981039346656037u;
	size_t i;

	for (i = 0; i < count * sizeof(*numbers); ++i)
		name = (name ^ bytes[i]) * 1099511628211u;
	return name;
}

/* The shortest of a few tries, in seconds; 0 when the device has failed. */
static double measure(struct ut_device *device, const struct ut_linear *product,
		      struct ut_error *error)
{
	double best = 0;
	int i;

	for (i = 0; i < TRIES; ++i) {
		double started = now(), took;

		ut_linear_forward(device, product);
		if (ut_device_finish(device, error))
			return 0;
		took = now() - started;
		if (i == 0 || took < best)
			best = took;
	}
	return best;
}

/* y (M, N) = x (M, K) w (K, N) */
static enum ut_status multiply(struct ut_device *device, size_t M, size_t N,
			       size_t K, struct ut_error *error)
{
	struct ut_buffer *x = draw(device, M, K, 1);
	struct ut_buffer *w = draw(device, K, N, 2);
	struct ut_buffer *y = ut_buffer_new(device, UT_F32, M * N);
	float *result = malloc(M * N * sizeof(*result));
	enum ut_status status = ut_device_finish(device, error);
	double seconds = 0;

	if (!status && !result)
		status = ut_error_set(error, UT_MEMORY, "out of memory");
	if (!status) {
		struct ut_linear product = {
			.R = 1,
			.B = M,
			.D = K,
			.O = N,
			.x = ut_slice_of(x, M * K),
			.w = ut_slice_of(w, K * N),
			.y = ut_slice_of(y, M * N),
		};

		seconds = measure(device, &product, error);
		status = ut_buffer_read(y, 0, M * N, result, error);
	}
	if (!status)
		printf("%-40s %zu x %zu x %zu  %8.1f GFLOP/s  bits %016llx\n",
		       ut_device_about(device)->name, M, N, K,
		       2e-9 * (double)M * (double)N * (double)K / seconds,
		       (unsigned long long)name_of(result, M * N));
	free(result);
	ut_buffer_free(x);
	ut_buffer_free(w);
	ut_buffer_free(y);
	return status;
}

int main(int count, char **words)
{
	size_t size[] = {512, 512, 512};
	struct ut_device *device;
	struct ut_error error;
	enum ut_status status;
	int i;

	for (i = 2; i < count && i < 5; ++i) {
		long n = strtol(words[i], NULL, 10);

		if (n < 1 || n > MOST) {
			fprintf(stderr, "gemm: %s: not from 1 to %d\n",
				words[i], MOST);
			return 2;
		}
		size[i - 2] = (size_t)n;
	}
	status = ut_device_open(&device, count > 1 ? words[1] : NULL, &error);
	if (!status) {
		status = multiply(device, size[0], size[1], size[2], &error);
		ut_device_close(device);
	}
	if (status)
		fprintf(stderr, "gemm: %s\n", error.text);
	return status != UT_OK;
}
