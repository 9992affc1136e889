/*
 * Memory for JavaScript. An interpreter allocates and frees thousands of small blocks for every call, and musl's
 * allocator, built to be small and hard to attack, took nearly half of the agent's time. Blocks up to a kilobyte come
 * from pages of one block size each, in an address range that tells them from larger ones, which come from malloc. Free
 * blocks of one size form a list; pages never change their size, so memory use is the peak of each size.
 */
#include "host.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum {
    STEP = 16,
    LARGEST_SMALL = 1024,
    SIZES = LARGEST_SMALL / STEP,
    PAGE_SHIFT = 12,
    PAGE = 1 << PAGE_SHIFT,
    /* When the range is full, small blocks come from malloc as well. */
    RANGE = 64 << 20,
    /* The range is committed in steps of this size; the first is what every start needs. */
    GROWTH = 64 << 10,
    FIRST = 512 << 10,
};

typedef struct Free {
    struct Free *next;
} Free;

size_t heap_used;

static uint8_t *range, *unused, *usable;
/* 0 until the range is reserved. */
static size_t range_bytes;
static Free *lists[SIZES + 1];
/* Block size of each page, in steps. */
static uint8_t page_sizes[RANGE >> PAGE_SHIFT];

static bool is_small(const void *block)
{
    return (uintptr_t)block - (uintptr_t)range < range_bytes;
}

static size_t small_size(const void *block)
{
    return (size_t)page_sizes[((uintptr_t)block - (uintptr_t)range) >> PAGE_SHIFT] * STEP;
}

/* Splits a new page into blocks; NULL when out of pages. */
static Free *cut_page(size_t steps)
{
    if (range_bytes == 0) {
        void *got = mmap(NULL, RANGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (got == MAP_FAILED)
            return NULL;
        range = unused = usable = got;
        range_bytes = RANGE;
    }
    if (unused == range + RANGE)
        return NULL;
    if (unused == usable) {
        size_t step = usable == range ? FIRST : GROWTH;
        if (mprotect(usable, step, PROT_READ | PROT_WRITE) < 0)
            return NULL;
        /* One call instead of a page fault for each page; EINVAL before Linux 5.14. */
        madvise(usable, step, MADV_POPULATE_WRITE);
        usable += step;
    }
    uint8_t *page = unused;
    unused += PAGE;
    page_sizes[(size_t)(page - range) >> PAGE_SHIFT] = (uint8_t)steps;
    size_t size = steps * STEP;
    Free *first = NULL;
    for (size_t at = PAGE / size * size; at > 0; at -= size) {
        Free *block = (Free *)(page + at - size);
        block->next = first;
        first = block;
    }
    return first;
}

static void *take(size_t size)
{
#ifdef __SANITIZE_ADDRESS__
    /* The sanitizer only checks blocks from malloc. */
    return malloc(size);
#endif
    if (size <= LARGEST_SMALL) {
        size_t steps = (size + STEP - 1) / STEP;
        Free *block = lists[steps];
        if (!block)
            block = cut_page(steps);
        if (block) {
            lists[steps] = block->next;
            return block;
        }
    }
    return malloc(size);
}

static void give_back(void *block)
{
    if (!is_small(block)) {
        free(block);
        return;
    }
    Free *freed = block;
    Free **list = &lists[page_sizes[((uintptr_t)block - (uintptr_t)range) >> PAGE_SHIFT]];
    freed->next = *list;
    *list = freed;
}

static size_t size_of(void *block)
{
    return is_small(block) ? small_size(block) : malloc_usable_size(block);
}

static size_t heap_usable_size(const void *block)
{
    return block ? size_of((void *)block) : 0;
}

static void *heap_malloc(JSMallocState *state, size_t size)
{
    if (state->malloc_size + size > state->malloc_limit)
        return NULL;
    void *block = take(size);
    if (!block)
        return NULL;
    state->malloc_count++;
    heap_used = state->malloc_size += size_of(block);
    return block;
}

static void heap_free(JSMallocState *state, void *block)
{
    if (!block)
        return;
    state->malloc_count--;
    state->malloc_size -= size_of(block);
    give_back(block);
}

static void *heap_realloc(JSMallocState *state, void *block, size_t size)
{
    if (!block)
        return size == 0 ? NULL : heap_malloc(state, size);
    if (size == 0) {
        heap_free(state, block);
        return NULL;
    }
    size_t old = size_of(block);
    if (is_small(block)) {
        if (size <= old && size + STEP > old)
            return block;
        void *moved = heap_malloc(state, size);
        if (!moved)
            return NULL;
        memcpy(moved, block, old < size ? old : size);
        heap_free(state, block);
        return moved;
    }
    if (state->malloc_size + size - old > state->malloc_limit)
        return NULL;
    void *moved = realloc(block, size);
    if (moved)
        state->malloc_size += size_of(moved) - old;
    return moved;
}

const JSMallocFunctions heap_functions = {heap_malloc, heap_free, heap_realloc, heap_usable_size};
