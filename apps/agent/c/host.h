/*
 * The C side of the agent: only what JavaScript cannot do, or what would cost too much there. No policy, no defaults,
 * no parsing of text. host.d.ts is the contract; each port below is one file and adds its functions to the one module
 * `host`.
 */
#ifndef INNKEEPER_HOST_H
#define INNKEEPER_HOST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "quickjs.h"

/* The functions of one port. */
typedef struct {
    const JSCFunctionListEntry *entries;
    int count;
} Port;

extern const Port attributes_port,
    bytes_port,
    children_port,
    clock_port,
    directories_port,
    entropy_port,
    errors_port,
    files_port,
    filesystems_port,
    freezer_port,
    handover_port,
    hashing_port,
    jobs_port,
    loop_port,
    network_port,
    numbers_port,
    parts_port,
    processes_port,
    protobuf_port,
    signature_port,
    sockets_port,
    system_port,
    text_port,
    watches_port;

/* errors.c: the only conversion from errno to an exception; path may be NULL. */
JSValue throw_errno(JSContext *ctx, int error, const char *call, const char *path);
/* "EIO"; valid until the next call. */
const char *error_name(int error);

/* values.c: arguments in, plain objects out. */
/* The bytes of a Uint8Array, checked; NULL after an exception. Valid until JavaScript runs again. */
uint8_t *get_bytes(JSContext *ctx, JSValueConst value, size_t *length);
/* A slice [offset, offset + count) of a Uint8Array; NULL after an exception. */
uint8_t *get_slice(JSContext *ctx, JSValueConst array, JSValueConst offset, JSValueConst count, size_t *length);
JSValue new_uint8_array(JSContext *ctx, const uint8_t *bytes, size_t length);
void set_number(JSContext *ctx, JSValueConst object, const char *name, double value);
void set_int64(JSContext *ctx, JSValueConst object, const char *name, int64_t value);
void set_string(JSContext *ctx, JSValueConst object, const char *name, const char *value);
/* An array of strings as a NULL-terminated vector of copies, to be freed with free_strings; NULL after an exception. */
char **get_strings(JSContext *ctx, JSValueConst array);
void free_strings(char **strings);

/* files.c */
struct stat;
JSValue new_stat(JSContext *ctx, const struct stat *info);

/* clone.c: a child in the cgroup of this cgroup.procs file; -1 where that is not possible. */
pid_t clone_into_group(int (*start)(void *), void *argument, const char *group_entry, void *stack, size_t stack_size);

/* attributes.c */
struct timespec;
struct timespec new_timespec(int64_t ns);

/* text.c */
/* Text from bytes that should be UTF-8; invalid bytes become U+FFFD. */
JSValue new_text(JSContext *ctx, const void *bytes, size_t length);
/* A path from bytes of any kind: those that are not UTF-8 become lone surrogates, one per byte (as in Python's PEP 383). */
JSValue new_name(JSContext *ctx, const void *bytes, size_t length);
enum { PATH_BYTES = 4096 };
/* The bytes of such a name or path; false after an exception. */
bool get_name(JSContext *ctx, JSValueConst value, char name[PATH_BYTES]);

/* Lone surrogates, which QuickJS encodes as three bytes of invalid UTF-8, become U+FFFD. */
void repair_surrogates(uint8_t *bytes, size_t length);

/* sockets.c: write in one try that never waits on a socket, nor on what O_NONBLOCK works for; -1 with errno. */
ssize_t write_now(int fd, const void *bytes, size_t count);

/* jobs.c: closes the descriptors from first to last, both included. */
void close_from_to(unsigned first, unsigned last);
/* For a forked child, which must not hold the agent's ports and pipes open: closes all but these and 0 to 2 (-1: only those). */
void close_all_but(int out, int keep);

/* loop.c */
/* Runs until JavaScript calls exit; returns the exit code. */
int run_loop(JSContext *ctx);
int start_loop(void);
/* Runs all promise jobs; prints uncaught exceptions. */
void run_jobs(JSContext *ctx);
/* For a forked child: closes the descriptors of the parent's loop. */
void leave_loop_in_child(void);

/* For a forked child: its failure is not that of the program on trial. */
void leave_trial_in_child(void);

/* hashing.c: before a fork whose child may hash, waits until the thread has nothing to do; in the child, forgets it. */
void finish_hashing(void);
void leave_hashing_in_child(void);

/* heap.c: JavaScript's memory. */
extern const JSMallocFunctions heap_functions;
/* Bytes in use after the last allocation. */
extern size_t heap_used;

/* parts.c: a part as a module that is not resolved yet; the module loader. */
JSValue read_part(JSContext *ctx, uint32_t part);
JSModuleDef *load_part(JSContext *ctx, const char *name, void *opaque);

/* handover.c */
/* At the start: takes note of what an earlier program of this process handed over. False if that cannot be used. */
bool start_handover(char **argv);
/* Before the program ends: on trial, an error starts the program before it instead. */
void leave_trial(int code);

/* main.c */
void print_exception(JSContext *ctx);
/* Prints the promise rejections since the last call that still have no handler. */
void print_rejections(JSContext *ctx);

#define PORT(name)                                                                                                     \
    const Port name##_port = {                                                                                         \
        name##_entries,                                                                                                \
        sizeof name##_entries / sizeof name##_entries[0],                                                              \
    }

#endif
