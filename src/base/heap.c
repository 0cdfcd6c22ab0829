/* Memory that is given back all at once. */
#include "base/heap.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* The memory follows, aligned for anything. */
struct ut_heap_block {
	_Alignas(max_align_t) struct ut_heap_block *next;
};

void *ut_heap_take(struct ut_heap *heap, size_t count, size_t bytes)
{
	struct ut_heap_block *block = NULL;

	if (!bytes || count <= (SIZE_MAX - sizeof(*block)) / bytes)
		block = calloc(1, sizeof(*block) + count * bytes);
	if (!block) {
		heap->failed = true;
		return NULL;
	}
	block->next = heap->blocks;
	heap->blocks = block;
	return block + 1;
}

const char *ut_heap_text(struct ut_heap *heap, const char *format, ...)
{
	struct ut_text text = {0};
	va_list arguments;
	char *copy;

	va_start(arguments, format);
	ut_text_append_list(&text, format, arguments);
	va_end(arguments);
	copy = text.failed ? NULL : ut_heap_take(heap, text.length + 1, 1);
	if (copy)
		memcpy(copy, ut_text_string(&text), text.length);
	else
		heap->failed = true;
	ut_text_release(&text);
	return copy ? copy : "";
}

void ut_heap_release(struct ut_heap *heap)
{
	while (heap->blocks) {
		struct ut_heap_block *next = heap->blocks->next;

		free(heap->blocks);
		heap->blocks = next;
	}
	*heap = (struct ut_heap){0};
}
