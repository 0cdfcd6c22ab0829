/*
 * Photographs: what to make of a folder of JPEG files, and what became of it.
 * data/imagefolder.h says which folders are read.
 */
#ifndef UT_IMAGES_H
#define UT_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Largest side of the images that a set may be made of. */
enum { UT_IMAGE_SIDE_MAX = 1024 };

enum ut_image_fit {
	UT_FIT_CROP,    /* the middle square */
	UT_FIT_STRETCH, /* the whole image, its sides stretched to a square */
};

enum ut_image_failure {
	UT_IMAGE_STOP, /* a file that cannot be used ends the loading */
	UT_IMAGE_SKIP, /* it is left out, counted and listed */
};

/* All zero but size and channels is a good choice. */
struct ut_image_options {
	unsigned size;     /* pixels a side, 1 to UT_IMAGE_SIDE_MAX */
	unsigned channels; /* 1 grey, 3 RGB */
	enum ut_image_fit fit;
	enum ut_image_failure on_error;
	uint64_t memory;   /* MiB that pixels may take; 0: half of all */
	const char *cache; /* folder for decoded pixels, or NULL or "" */
	unsigned threads;  /* 0: one a processor; changes no pixel */
	/* Whether the user asked to stop, called by the caller's thread; or NULL. */
	bool (*stop)(void *user);
	void *user;
};

enum { UT_IMAGE_LIST = 20 };

/* What loading was: for people, never for results. */
struct ut_loading {
	double seconds; /* wall time; training waits for no image after it */
	size_t decoded; /* images decoded: 0 when a cache had them all */
	size_t ignored; /* files and folders that are no part of the set */
	size_t skipped; /* images left out: UT_IMAGE_SKIP */
	char *list;     /* "FILE: why" lines of the first UT_IMAGE_LIST
			   skipped, on the heap; or NULL */
	bool mapped;    /* the pixels are in a file, paged in when used */
};

#endif
