/* The kernels in the program: what cl/embed.sh makes of cl/ at build. */
#ifndef UT_KERNELS_H
#define UT_KERNELS_H

struct ut_kernel_file {
	const char *name;         /* stem: "random" of cl/random.cl */
	const char *const *lines; /* includes resolved; ended by NULL */
};

/* Sorted as given to cl/embed.sh, ended by an entry without name. */
extern const struct ut_kernel_file ut_kernel_files[];

#endif
