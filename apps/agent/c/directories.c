/*
 * Directories by descriptor. Names are single path components and links are never followed, so concurrent changes by
 * another process cannot lead out of the directory. A name may be any bytes; bytes that are not UTF-8 become lone
 * surrogates U+DC80 to U+DCFF in JavaScript, one per byte (as in Python's PEP 383), and are converted back on output.
 */
#include "host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

enum { ENTRIES_BYTES = 32 * 1024 };

/* readEntries(fd): the next batch of names, each followed by its d_type; empty at the end. */
static JSValue js_read_entries(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    static _Alignas(struct dirent) char buffer[ENTRIES_BYTES];
    int32_t fd;
    if (JS_ToInt32(ctx, &fd, argv[0]))
        return JS_EXCEPTION;
    JSValue entries = JS_NewArray(ctx);
    uint32_t count = 0;
    /* A batch that holds only "." and ".." is not the end. */
    while (count == 0) {
        long got = syscall(SYS_getdents64, fd, buffer, sizeof buffer);
        if (got < 0) {
            JS_FreeValue(ctx, entries);
            return throw_errno(ctx, errno, "getdents", NULL);
        }
        if (got == 0)
            break;
        for (long at = 0; at < got;) {
            const struct dirent *entry = (const struct dirent *)(buffer + at);
            at += entry->d_reclen;
            if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                continue;
            JS_DefinePropertyValueUint32(ctx, entries, count++, new_name(ctx, entry->d_name, strlen(entry->d_name)), JS_PROP_C_W_E);
            JS_DefinePropertyValueUint32(ctx, entries, count++, JS_NewInt32(ctx, entry->d_type), JS_PROP_C_W_E);
        }
    }
    return entries;
}

enum { AT_OPEN, AT_STAT, AT_READLINK, AT_UNLINK, AT_RMDIR, AT_MKDIR, AT_CHMOD, AT_CHOWN, AT_UTIMES };

/* chmod(2) without following links: glibc and musl cannot do it, nor can the kernel before Linux 6.6. */
static int chmod_at(int directory, const char *name, mode_t mode)
{
    char path[32];
    int fd = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int status = chmod(path, mode);
    int error = errno;
    close(fd);
    errno = error;
    return status;
}

static JSValue stat_at(JSContext *ctx, int directory, const char *name)
{
    struct stat info;
    return fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) < 0 ? throw_errno(ctx, errno, "stat", name)
                                                                    : new_stat(ctx, &info);
}

static JSValue readlink_at(JSContext *ctx, int directory, const char *name)
{
    char target[PATH_BYTES];
    ssize_t size = readlinkat(directory, name, target, sizeof target - 1);
    if (size < 0)
        return throw_errno(ctx, errno, "readlink", name);
    target[size] = 0;
    return new_text(ctx, target, (size_t)size);
}

/*
 * openAt(directory, name, flags, mode): fd; statAt(directory, name); readlinkAt(directory, name); unlinkAt, rmdirAt;
 * mkdirAt(directory, name, mode); chmodAt(directory, name, mode); chownAt(directory, name, uid, gid);
 * utimesAt(directory, name, modified in nanoseconds)
 */
static JSValue js_at(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv, int magic)
{
    static const char *const names[] = {"open", "stat", "readlink", "unlink", "rmdir", "mkdir", "chmod", "chown", "utimensat"};
    char name[PATH_BYTES];
    int32_t directory;
    int64_t first = 0, second = 0;
    if (JS_ToInt32(ctx, &directory, argv[0]) || !get_name(ctx, argv[1], name))
        return JS_EXCEPTION;
    if ((argc > 2 && (magic == AT_UTIMES ? JS_ToBigInt64(ctx, &first, argv[2]) : JS_ToInt64(ctx, &first, argv[2]))) ||
        (argc > 3 && JS_ToInt64(ctx, &second, argv[3])))
        return JS_EXCEPTION;
    struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, new_timespec(magic == AT_UTIMES ? first : 0)};
    int status = -1;
    switch (magic) {
    case AT_STAT:
        return stat_at(ctx, directory, name);
    case AT_READLINK:
        return readlink_at(ctx, directory, name);
    case AT_OPEN:
        status = openat(directory, name, (int)first | O_CLOEXEC, (mode_t)second);
        break;
    case AT_UNLINK:
        status = unlinkat(directory, name, 0);
        break;
    case AT_RMDIR:
        status = unlinkat(directory, name, AT_REMOVEDIR);
        break;
    case AT_MKDIR:
        status = mkdirat(directory, name, (mode_t)first);
        break;
    case AT_CHMOD:
        status = chmod_at(directory, name, (mode_t)first);
        break;
    case AT_CHOWN:
        status = fchownat(directory, name, (uid_t)first, (gid_t)second, AT_SYMLINK_NOFOLLOW);
        break;
    case AT_UTIMES:
        status = utimensat(directory, name, times, AT_SYMLINK_NOFOLLOW);
        break;
    }
    if (status < 0)
        return throw_errno(ctx, errno, names[magic], name);
    return magic == AT_OPEN ? JS_NewInt32(ctx, status) : JS_UNDEFINED;
}

/* renameAt(from directory, name, to directory, name, replace) */
static JSValue js_rename_at(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    char from[PATH_BYTES], to[PATH_BYTES];
    int32_t from_directory, to_directory;
    if (JS_ToInt32(ctx, &from_directory, argv[0]) || !get_name(ctx, argv[1], from) ||
        JS_ToInt32(ctx, &to_directory, argv[2]) || !get_name(ctx, argv[3], to))
        return JS_EXCEPTION;
    long status;
    if (JS_ToBool(ctx, argv[4]))
        status = renameat(from_directory, from, to_directory, to);
    else
        status = syscall(SYS_renameat2, from_directory, from, to_directory, to, RENAME_NOREPLACE);
    return status < 0 ? throw_errno(ctx, errno, "rename", from) : JS_UNDEFINED;
}

/* linkAt(from directory, name, to directory, name): a hard link; links are not followed */
static JSValue js_link_at(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    char from[PATH_BYTES], to[PATH_BYTES];
    int32_t from_directory, to_directory;
    if (JS_ToInt32(ctx, &from_directory, argv[0]) || !get_name(ctx, argv[1], from) ||
        JS_ToInt32(ctx, &to_directory, argv[2]) || !get_name(ctx, argv[3], to))
        return JS_EXCEPTION;
    int status = linkat(from_directory, from, to_directory, to, 0);
    return status < 0 ? throw_errno(ctx, errno, "link", from) : JS_UNDEFINED;
}

/* symlinkAt(target, directory, name) */
static JSValue js_symlink_at(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    char target[PATH_BYTES], name[PATH_BYTES];
    int32_t directory;
    if (!get_name(ctx, argv[0], target) || JS_ToInt32(ctx, &directory, argv[1]) || !get_name(ctx, argv[2], name))
        return JS_EXCEPTION;
    return symlinkat(target, directory, name) < 0 ? throw_errno(ctx, errno, "symlink", name) : JS_UNDEFINED;
}

static const JSCFunctionListEntry directories_entries[] = {
    JS_CFUNC_DEF("readEntries", 1, js_read_entries),
    JS_CFUNC_MAGIC_DEF("openAt", 4, js_at, AT_OPEN),
    JS_CFUNC_MAGIC_DEF("statAt", 2, js_at, AT_STAT),
    JS_CFUNC_MAGIC_DEF("readlinkAt", 2, js_at, AT_READLINK),
    JS_CFUNC_MAGIC_DEF("unlinkAt", 2, js_at, AT_UNLINK),
    JS_CFUNC_MAGIC_DEF("rmdirAt", 2, js_at, AT_RMDIR),
    JS_CFUNC_MAGIC_DEF("mkdirAt", 3, js_at, AT_MKDIR),
    JS_CFUNC_MAGIC_DEF("chmodAt", 3, js_at, AT_CHMOD),
    JS_CFUNC_MAGIC_DEF("chownAt", 4, js_at, AT_CHOWN),
    JS_CFUNC_MAGIC_DEF("utimesAt", 3, js_at, AT_UTIMES),
    JS_CFUNC_DEF("renameAt", 5, js_rename_at),
    JS_CFUNC_DEF("linkAt", 4, js_link_at),
    JS_CFUNC_DEF("symlinkAt", 3, js_symlink_at),
};
PORT(directories);
