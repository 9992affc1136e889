/*
 * SHA-256 of streams, in a thread of its own while one brings enough bytes: a transfer with a hash then takes as long as
 * the slower of the two. The thread gets copies in a ring of fixed size; a caller waits for a place in it, which is as
 * long as hashing takes and never longer. It ends with the last stream that used it. With one CPU there is none.
 */
#include "host.h"
#include "sha256.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    /* A frame of a transfer fits. */
    PLACE = 64 << 10,
    PLACES = 4,
    /* Handing over less takes longer than hashing it. */
    WORTH = 16 << 10,
    STACK = 128 << 10,
};

typedef struct {
    Sha256 hash;
    /* Places in the ring that have bytes of this stream. */
    unsigned pending;
    bool uses_thread, is_over;
} Stream;

typedef struct {
    Stream *stream;
    size_t length;
    uint8_t bytes[PLACE];
} Place;

static Place *ring;
/* Streams that use the thread, which runs while there are any. */
static unsigned users;
static bool is_child;
static pthread_t thread;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
/* From here on protected by the mutex, and `pending` of each stream as well. */
static pthread_cond_t added = PTHREAD_COND_INITIALIZER, taken = PTHREAD_COND_INITIALIZER;
static unsigned first, filled;
static bool ending;

static void *hash_added(void *unused)
{
    pthread_mutex_lock(&mutex);
    for (;;) {
        while (filled == 0 && !ending)
            pthread_cond_wait(&added, &mutex);
        if (filled == 0)
            break;
        Place *place = &ring[first];
        pthread_mutex_unlock(&mutex);
        sha256_update(&place->stream->hash, place->bytes, place->length);
        pthread_mutex_lock(&mutex);
        place->stream->pending--;
        first = (first + 1) % PLACES;
        filled--;
        pthread_cond_signal(&taken);
    }
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static bool start_thread(void)
{
    pthread_attr_t attributes;
    /* Asked each time: CPUs come and go. */
    if (is_child || sysconf(_SC_NPROCESSORS_ONLN) < 2)
        return false;
    ring = mmap(NULL, PLACES * sizeof *ring, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (ring == MAP_FAILED)
        return false;
    ending = false;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    bool started = pthread_create(&thread, &attributes, hash_added, NULL) == 0;
    pthread_attr_destroy(&attributes);
    if (!started)
        munmap(ring, PLACES * sizeof *ring);
    return started;
}

static void stop_thread(void)
{
    pthread_mutex_lock(&mutex);
    ending = true;
    pthread_cond_signal(&added);
    pthread_mutex_unlock(&mutex);
    pthread_join(thread, NULL);
    munmap(ring, PLACES * sizeof *ring);
}

/* Until the thread has hashed what it got of this stream, or of all. */
static void wait_for_thread(const Stream *stream)
{
    pthread_mutex_lock(&mutex);
    while (stream ? stream->pending > 0 : filled > 0)
        pthread_cond_wait(&taken, &mutex);
    pthread_mutex_unlock(&mutex);
}

void finish_hashing(void)
{
    if (users > 0)
        wait_for_thread(NULL);
}

void leave_hashing_in_child(void)
{
    /* The thread is the parent's, and nothing is pending: the child hashes by itself, whatever a stream used. */
    is_child = true;
    users = 0;
}

static void leave_thread(Stream *stream)
{
    if (!stream->uses_thread || users == 0)
        return;
    wait_for_thread(stream);
    stream->uses_thread = false;
    if (--users == 0)
        stop_thread();
}

static void give_to_thread(Stream *stream, const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        size_t count = length < PLACE ? length : PLACE;
        pthread_mutex_lock(&mutex);
        while (filled == PLACES)
            pthread_cond_wait(&taken, &mutex);
        Place *place = &ring[(first + filled) % PLACES];
        pthread_mutex_unlock(&mutex);
        /* The place is free, and only this thread fills any. */
        place->stream = stream;
        place->length = count;
        memcpy(place->bytes, bytes, count);
        pthread_mutex_lock(&mutex);
        stream->pending++;
        filled++;
        pthread_cond_signal(&added);
        pthread_mutex_unlock(&mutex);
        bytes += count;
        length -= count;
    }
}

static void free_stream(JSRuntime *runtime, void *stream, void *bytes)
{
    leave_thread(stream);
    free(stream);
}

/* sha256New(): stream; sha256Update(stream, array); sha256Digest(stream): 32 bytes. The stream is an opaque ArrayBuffer. */
static JSValue js_sha256_new(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    Stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return JS_ThrowOutOfMemory(ctx);
    sha256_init(&stream->hash);
    return JS_NewArrayBuffer(ctx, (uint8_t *)stream, sizeof *stream, free_stream, stream, false);
}

static Stream *get_stream(JSContext *ctx, JSValueConst value)
{
    size_t length;
    uint8_t *bytes = JS_GetArrayBuffer(ctx, &length, value);
    if (bytes && length == sizeof(Stream) && !((Stream *)bytes)->is_over)
        return (Stream *)bytes;
    JS_ThrowTypeError(ctx, "not a SHA-256 stream, or its digest was computed");
    return NULL;
}

static JSValue js_sha256_update(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    size_t length;
    Stream *stream = get_stream(ctx, argv[0]);
    const uint8_t *bytes = stream ? get_bytes(ctx, argv[1], &length) : NULL;
    if (!bytes)
        return JS_EXCEPTION;
    if (!stream->uses_thread && length >= WORTH && (users > 0 || start_thread())) {
        stream->uses_thread = true;
        users++;
    }
    if (stream->uses_thread && users > 0)
        give_to_thread(stream, bytes, length);
    else
        sha256_update(&stream->hash, bytes, length);
    return JS_UNDEFINED;
}

static JSValue js_sha256_digest(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    uint8_t digest[32];
    Stream *stream = get_stream(ctx, argv[0]);
    if (!stream)
        return JS_EXCEPTION;
    leave_thread(stream);
    stream->is_over = true;
    sha256_final(&stream->hash, digest);
    return new_uint8_array(ctx, digest, sizeof digest);
}

static const JSCFunctionListEntry hashing_entries[] = {
    JS_CFUNC_DEF("sha256New", 0, js_sha256_new),
    JS_CFUNC_DEF("sha256Update", 2, js_sha256_update),
    JS_CFUNC_DEF("sha256Digest", 1, js_sha256_digest),
};
PORT(hashing);
