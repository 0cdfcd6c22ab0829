/* Pictures of what networks were shown: pictures.safetensors. */
#ifndef UT_PICTURES_H
#define UT_PICTURES_H

#include "lab/experiment.h"
#include "report/safetensors.h"

/*
 * Writes folder/pictures.safetensors: of the first replica's first epoch, the
 * first images of the teacher's first batch ("train", and "augmented" where it
 * changes them), of a student's ("noise": F32, as the network sees it), and the
 * first test images ("test"). Each is (images, H, W, C), U8 but for the noise;
 * what the recipe does not have is left out.
 */
enum ut_status ut_pictures_write(const struct ut_recipe *recipe,
				 const struct ut_dataset *data,
				 struct ut_device *device, const char *folder,
				 struct ut_error *error);

/* One of these as it is read back. */
struct ut_pictures_part {
	size_t count;         /* 0: there is none */
	const uint8_t *bytes; /* (count, H, W, C), U8 */
	const float *numbers; /* the same of the noise */
};

struct ut_pictures {
	struct ut_tensors file;
	size_t height, width, channels;
	struct ut_pictures_part train, augmented, noise, test;
};

/*
 * Reads them back; without the file there are none. UT_CORRUPT where they are
 * not of this size, or no numbers. Release them either way.
 */
enum ut_status ut_pictures_read(struct ut_pictures *pictures,
				const char *folder, size_t height, size_t width,
				size_t channels, struct ut_error *error);
void ut_pictures_release(struct ut_pictures *pictures);

#endif
