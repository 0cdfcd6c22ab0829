/* Files of tensors that are written while they are made. */
#include "report/tensor_writer.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>

static const char notes_begin[] = "{\"__metadata__\":{";

void ut_tensor_writer_note(struct ut_tensor_writer *writer, const char *key,
			   const char *value)
{
	json_t *string = json_string(value);
	char *escaped = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
	bool first = !writer->header.length;

	assert(!writer->bytes);
	if (!escaped)
		writer->header.failed = true;
	/* the object of notes is closed by the first tensor */
	ut_text_append(&writer->header, "%s\"%s\":%s",
		       first ? notes_begin : ",", key, escaped ? escaped : "");
	free(escaped);
	json_decref(string);
}

/* What stands before an entry: the beginning, or the end of the notes. */
static const char *joint(const struct ut_tensor_writer *writer)
{
	if (!writer->header.length)
		return "{";
	return writer->bytes ? "," : "},";
}

void ut_tensor_writer_declare(struct ut_tensor_writer *writer, const char *name,
			      enum ut_tensor_type type, struct ut_shape shape)
{
	struct ut_text *header = &writer->header;
	uint64_t end = writer->bytes +
		       ut_shape_elements(&shape) * ut_tensor_bytes(type);
	size_t i;

	ut_text_append(header, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[",
		       joint(writer), name, ut_tensor_type_name(type));
	for (i = 0; i < shape.dimensions; ++i)
		ut_text_append(header, "%s%zu", i ? "," : "", shape.sizes[i]);
	ut_text_append(header, "],\"data_offsets\":[%llu,%llu]}",
		       (unsigned long long)writer->bytes,
		       (unsigned long long)end);
	writer->bytes = end;
}

/* The end of the header, padded with spaces so that numbers are aligned. */
static void finish_header(struct ut_tensor_writer *writer)
{
	struct ut_text *header = &writer->header;

	if (!writer->bytes)
		ut_text_append(header, header->length ? "}}" : "{}");
	else
		ut_text_append(header, "}");
	while (header->length % 8 && !header->failed)
		ut_text_append(header, " ");
}

enum ut_status ut_tensor_writer_open(struct ut_tensor_writer *writer,
				     const char *path, struct ut_error *error)
{
	const struct ut_text *header = &writer->header;
	unsigned char prefix[UT_TENSOR_PREFIX];
	enum ut_status status;
	size_t i;

	finish_header(writer);
	if (header->failed)
		return ut_error_set(error, UT_MEMORY,
				    "cannot write %s: out of memory", path);
	if (header->length > UT_TENSOR_HEADER)
		return ut_error_set(error, UT_INVALID,
				    "cannot write %s: so many tensors take a "
				    "header of %zu bytes, and readers take %d",
				    path, header->length, UT_TENSOR_HEADER);
	status = ut_draft_begin(&writer->draft, path, error);
	if (status)
		return status;
	for (i = 0; i < UT_TENSOR_PREFIX; ++i)
		prefix[i] = (unsigned char)(header->length >> 8 * i & 255);
	ut_draft_append(&writer->draft, prefix, sizeof(prefix));
	ut_draft_append(&writer->draft, ut_text_string(header), header->length);
	return UT_OK;
}

void ut_tensor_writer_put(struct ut_tensor_writer *writer, const void *numbers,
			  size_t bytes)
{
	assert(writer->put + bytes <= writer->bytes);
	ut_draft_append(&writer->draft, numbers, bytes);
	writer->put += bytes;
}

enum ut_status ut_tensor_writer_close(struct ut_tensor_writer *writer,
				      struct ut_error *error)
{
	assert(writer->draft.code || writer->put == writer->bytes);
	return ut_draft_commit(&writer->draft, error);
}

void ut_tensor_writer_release(struct ut_tensor_writer *writer)
{
	ut_draft_abort(&writer->draft);
	ut_text_release(&writer->header);
	*writer = (struct ut_tensor_writer){0};
}
