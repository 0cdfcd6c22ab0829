/* Memory that is given back all at once. */
#ifndef UT_HEAP_H
#define UT_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* All zero is an empty one. */
struct ut_heap {
	struct ut_heap_block *blocks;
	bool failed; /* memory ran out: latched */
};

/*
 * Zeroed memory for count elements, the heap's; NULL when memory runs out.
 */
void *ut_heap_take(struct ut_heap *heap, size_t count, size_t bytes);

/* A text (printf format), the heap's; "" when memory runs out. */
const char *ut_heap_text(struct ut_heap *heap, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

void ut_heap_release(struct ut_heap *heap);

#endif
