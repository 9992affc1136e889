/* Files: thin wrappers of the system calls. Offsets and sizes are numbers up to 2^53. */
#include "host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of the kernel's fs/ext4/ext4.h; in no header for programs. */
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)

#ifndef SYS_openat2
#define SYS_openat2 437
#endif

/* open(path, flags, mode, noSymlinks): fd. ENOSYS if noSymlinks is set and the kernel lacks openat2. */
static JSValue js_open(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int32_t flags, mode;
    if (JS_ToInt32(ctx, &flags, argv[1]) || JS_ToInt32(ctx, &mode, argv[2]))
        return JS_EXCEPTION;
    const char *path = JS_ToCString(ctx, argv[0]);
    if (!path)
        return JS_EXCEPTION;
    int fd;
    if (JS_ToBool(ctx, argv[3])) {
        struct open_how how = {
            .flags = (uint64_t)(flags | O_CLOEXEC),
            .mode = flags & O_CREAT ? (uint64_t)mode : 0,
            .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
        };
        fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
    } else {
        fd = open(path, flags | O_CLOEXEC, mode);
    }
    JSValue result = fd < 0 ? throw_errno(ctx, errno, "open", path) : JS_NewInt32(ctx, fd);
    JS_FreeCString(ctx, path);
    return result;
}

static JSValue js_close(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int32_t fd;
    if (JS_ToInt32(ctx, &fd, argv[0]))
        return JS_EXCEPTION;
    return close(fd) < 0 && errno != EINTR ? throw_errno(ctx, errno, "close", NULL) : JS_UNDEFINED;
}

/*
 * read(fd, array, from, count, position): bytes, 0 at the end, -1 when it would block. position < 0 reads at the file's
 * current offset and continues while it gets full pages: a virtio-serial port returns 4096 bytes per call. A short read
 * ends it; if more is available, the descriptor stays readable.
 */
static JSValue js_read(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int32_t fd;
    int64_t position;
    size_t count, done = 0;
    uint8_t *into = get_slice(ctx, argv[1], argv[2], argv[3], &count);
    if (!into || JS_ToInt32(ctx, &fd, argv[0]) || JS_ToInt64(ctx, &position, argv[4]))
        return JS_EXCEPTION;
    while (done < count) {
        ssize_t got = position < 0 ? read(fd, into + done, count - done)
                                   : pread(fd, into + done, count - done, position + (off_t)done);
        if (got > 0) {
            done += (size_t)got;
            if (position < 0 && got < 4096)
                break;
        } else if (got == 0) {
            break;
        } else if (errno == EINTR) {
            continue;
        } else if (done > 0) {
            break;
        } else if (errno == EAGAIN) {
            return JS_NewInt32(ctx, -1);
        } else {
            return throw_errno(ctx, errno, "read", NULL);
        }
    }
    return JS_NewFloat64(ctx, (double)done);
}

/* readOnce: like read at the current offset, but one system call: for pipes, where a second one could block. */
static JSValue js_read_once(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int32_t fd;
    size_t count;
    uint8_t *into = get_slice(ctx, argv[1], argv[2], argv[3], &count);
    if (!into || JS_ToInt32(ctx, &fd, argv[0]))
        return JS_EXCEPTION;
    ssize_t got;
    do
        got = read(fd, into, count);
    while (got < 0 && errno == EINTR);
    /* A terminal whose programs have exited returns EIO: end of file. */
    if (got < 0 && errno == EIO && isatty(fd))
        got = 0;
    if (got < 0 && errno != EAGAIN)
        return throw_errno(ctx, errno, "read", NULL);
    return JS_NewFloat64(ctx, (double)got);
}

/*
 * write(fd, array, from, count, position): bytes written, fewer or 0 when it would block. position < 0: the current
 * offset.
 */
static JSValue js_write(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int32_t fd;
    int64_t position;
    size_t count, done = 0;
    uint8_t *from = get_slice(ctx, argv[1], argv[2], argv[3], &count);
    if (!from || JS_ToInt32(ctx, &fd, argv[0]) || JS_ToInt64(ctx, &position, argv[4]))
        return JS_EXCEPTION;
    while (done < count) {
        ssize_t put = position < 0 ? write(fd, from + done, count - done)
                                   : pwrite(fd, from + done, count - done, position + (off_t)done);
        if (put >= 0)
            done += (size_t)put;
        else if (errno == EAGAIN)
            break;
        else if (errno != EINTR)
            return throw_errno(ctx, errno, "write", NULL);
    }
    return JS_NewFloat64(ctx, (double)done);
}

JSValue new_stat(JSContext *ctx, const struct stat *info)
{
    JSValue object = JS_NewObject(ctx);
    set_number(ctx, object, "mode", info->st_mode);
    set_number(ctx, object, "uid", info->st_uid);
    set_number(ctx, object, "gid", info->st_gid);
    set_number(ctx, object, "size", (double)info->st_size);
    set_number(ctx, object, "blocks", (double)info->st_blocks);
    set_int64(ctx, object, "modifiedNs", (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec);
    set_number(ctx, object, "device", (double)info->st_dev);
    set_number(ctx, object, "inode", (double)info->st_ino);
    set_number(ctx, object, "links", (double)info->st_nlink);
    return object;
}

/* stat(path, follow) */
static JSValue js_stat(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct stat info;
    const char *path = JS_ToCString(ctx, argv[0]);
    if (!path)
        return JS_EXCEPTION;
    int status = JS_ToBool(ctx, argv[1]) ? stat(path, &info) : lstat(path, &info);
    JSValue result = status < 0 ? throw_errno(ctx, errno, "stat", path) : new_stat(ctx, &info);
    JS_FreeCString(ctx, path);
    return result;
}

static JSValue js_fstat(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct stat info;
    int32_t fd;
    if (JS_ToInt32(ctx, &fd, argv[0]))
        return JS_EXCEPTION;
    return fstat(fd, &info) < 0 ? throw_errno(ctx, errno, "fstat", NULL) : new_stat(ctx, &info);
}

enum { ON_HANDLE_CHMOD, ON_HANDLE_CHOWN, ON_HANDLE_TRUNCATE, ON_HANDLE_FSYNC };

/* fchmod(fd, mode), fchown(fd, uid, gid), ftruncate(fd, size), fsync(fd) */
static JSValue js_on_handle(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv, int magic)
{
    static const char *const names[] = {"fchmod", "fchown", "ftruncate", "fsync"};
    int32_t fd;
    int64_t first = 0, second = 0;
    if (JS_ToInt32(ctx, &fd, argv[0]) || (argc > 1 && JS_ToInt64(ctx, &first, argv[1])) ||
        (argc > 2 && JS_ToInt64(ctx, &second, argv[2])))
        return JS_EXCEPTION;
    int status = -1;
    switch (magic) {
    case ON_HANDLE_CHMOD:
        status = fchmod(fd, (mode_t)first);
        break;
    case ON_HANDLE_CHOWN:
        status = fchown(fd, (uid_t)first, (gid_t)second);
        break;
    case ON_HANDLE_TRUNCATE:
        status = ftruncate(fd, first);
        break;
    case ON_HANDLE_FSYNC:
        status = fsync(fd);
        break;
    }
    return status < 0 ? throw_errno(ctx, errno, names[magic], NULL) : JS_UNDEFINED;
}

enum { ON_PATH_RENAME, ON_PATH_UNLINK, ON_PATH_MKDIR, ON_PATH_READLINK };

/* rename(from, to), unlink(path), mkdir(path, mode), readlink(path): text */
static JSValue js_on_path(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv, int magic)
{
    static const char *const names[] = {"rename", "unlink", "mkdir", "readlink"};
    char target[4096];
    const char *other = NULL;
    int32_t mode = 0;
    ssize_t status = -1;
    const char *path = JS_ToCString(ctx, argv[0]);
    if (!path)
        return JS_EXCEPTION;
    if (magic == ON_PATH_RENAME) {
        other = JS_ToCString(ctx, argv[1]);
        if (!other) {
            JS_FreeCString(ctx, path);
            return JS_EXCEPTION;
        }
        status = rename(path, other);
    } else if (magic == ON_PATH_UNLINK) {
        status = unlink(path);
    } else if (magic == ON_PATH_MKDIR) {
        JS_ToInt32(ctx, &mode, argv[1]);
        status = mkdir(path, (mode_t)mode);
    } else {
        status = readlink(path, target, sizeof target);
    }
    JSValue result = JS_UNDEFINED;
    if (status < 0)
        result = throw_errno(ctx, errno, names[magic], path);
    else if (magic == ON_PATH_READLINK)
        result = new_text(ctx, target, (size_t)status);
    JS_FreeCString(ctx, other);
    JS_FreeCString(ctx, path);
    return result;
}

/* readDirectory(path, limit): names without "." and "..", in directory order. */
static JSValue js_read_directory(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    uint32_t limit, count = 0;
    if (JS_ToUint32(ctx, &limit, argv[1]))
        return JS_EXCEPTION;
    const char *path = JS_ToCString(ctx, argv[0]);
    if (!path)
        return JS_EXCEPTION;
    DIR *directory = opendir(path);
    if (!directory) {
        JSValue error = throw_errno(ctx, errno, "opendir", path);
        JS_FreeCString(ctx, path);
        return error;
    }
    JS_FreeCString(ctx, path);
    JSValue names = JS_NewArray(ctx);
    struct dirent *entry;
    while (count < limit && (entry = readdir(directory)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            JS_DefinePropertyValueUint32(ctx, names, count++, new_text(ctx, entry->d_name, strlen(entry->d_name)),
                                          JS_PROP_C_W_E);
    closedir(directory);
    return names;
}

/*
 * readText(path, maxBytes, asName): text; for /proc and /etc. Bytes that are not UTF-8 become U+FFFD, or with `asName`
 * lone surrogates.
 */
static JSValue js_read_text(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    uint32_t limit;
    if (JS_ToUint32(ctx, &limit, argv[1]))
        return JS_EXCEPTION;
    const char *path = JS_ToCString(ctx, argv[0]);
    if (!path)
        return JS_EXCEPTION;
    JSValue result;
    size_t size = 0, capacity = limit < 4096 ? limit : 4096;
    char *text = malloc(capacity + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC), error = fd < 0 ? errno : text ? 0 : ENOMEM;
    while (!error && size < limit) {
        if (size == capacity) {
            capacity = capacity * 2 < limit ? capacity * 2 : limit;
            /* Without room for the rest it is an error: the beginning alone could be taken for the whole. */
            char *grown = realloc(text, capacity + 1);
            if (!grown) {
                error = ENOMEM;
                break;
            }
            text = grown;
        }
        ssize_t got = read(fd, text + size, capacity - size);
        if (got == 0)
            break;
        if (got > 0)
            size += (size_t)got;
        else if (errno != EINTR)
            error = errno;
    }
    if (error)
        result = throw_errno(ctx, error, fd < 0 ? "open" : "read", path);
    else
        result = JS_ToBool(ctx, argv[2]) ? new_name(ctx, text, size) : new_text(ctx, text, size);
    if (fd >= 0)
        close(fd);
    free(text);
    JS_FreeCString(ctx, path);
    return result;
}

static JSValue js_statvfs(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct statvfs info;
    char path[PATH_BYTES];
    if (!get_name(ctx, argv[0], path))
        return JS_EXCEPTION;
    JSValue result;
    if (statvfs(path, &info) < 0) {
        result = throw_errno(ctx, errno, "statvfs", path);
    } else {
        result = JS_NewObject(ctx);
        set_number(ctx, result, "totalBytes", (double)info.f_blocks * (double)info.f_frsize);
        set_number(ctx, result, "freeBytes", (double)info.f_bfree * (double)info.f_frsize);
        set_number(ctx, result, "availableBytes", (double)info.f_bavail * (double)info.f_frsize);
        set_number(ctx, result, "inodesTotal", (double)info.f_files);
        set_number(ctx, result, "inodesFree", (double)info.f_ffree);
        set_number(ctx, result, "flags", (double)info.f_flag);
    }
    return result;
}

/* growExt(mountPoint, sizeBytes): run it in a helper; it can take long. */
static JSValue js_grow_ext(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct statfs info;
    int64_t size;
    if (JS_ToInt64(ctx, &size, argv[1]))
        return JS_EXCEPTION;
    const char *path = JS_ToCString(ctx, argv[0]);
    if (!path)
        return JS_EXCEPTION;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = fd < 0 || fstatfs(fd, &info) < 0;
    if (!failed) {
        uint64_t blocks = (uint64_t)size / (uint64_t)info.f_bsize;
        failed = ioctl(fd, EXT4_IOC_RESIZE_FS, &blocks) < 0;
    }
    JSValue result = failed ? throw_errno(ctx, errno, "growExt", path) : JS_UNDEFINED;
    if (fd >= 0)
        close(fd);
    JS_FreeCString(ctx, path);
    return result;
}

/* supportsOpenat2(): whether this kernel has the call. */
static JSValue js_supports_openat2(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC};
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof how);
    if (fd >= 0)
        close(fd);
    return JS_NewBool(ctx, fd >= 0);
}

#define FLAG(name) JS_PROP_INT32_DEF(#name, name, 0)

static const JSCFunctionListEntry files_entries[] = {
    FLAG(O_WRONLY), FLAG(O_RDWR), FLAG(O_CREAT), FLAG(O_EXCL), FLAG(O_NOCTTY), FLAG(O_TRUNC), FLAG(O_APPEND),
    FLAG(O_NONBLOCK), FLAG(O_DIRECTORY), FLAG(O_NOFOLLOW), FLAG(O_PATH),
    JS_CFUNC_DEF("open", 4, js_open),
    JS_CFUNC_DEF("close", 1, js_close),
    JS_CFUNC_DEF("read", 5, js_read),
    JS_CFUNC_DEF("readOnce", 4, js_read_once),
    JS_CFUNC_DEF("write", 5, js_write),
    JS_CFUNC_DEF("stat", 2, js_stat),
    JS_CFUNC_DEF("fstat", 1, js_fstat),
    JS_CFUNC_MAGIC_DEF("fchmod", 2, js_on_handle, ON_HANDLE_CHMOD),
    JS_CFUNC_MAGIC_DEF("fchown", 3, js_on_handle, ON_HANDLE_CHOWN),
    JS_CFUNC_MAGIC_DEF("ftruncate", 2, js_on_handle, ON_HANDLE_TRUNCATE),
    JS_CFUNC_MAGIC_DEF("fsync", 1, js_on_handle, ON_HANDLE_FSYNC),
    JS_CFUNC_MAGIC_DEF("rename", 2, js_on_path, ON_PATH_RENAME),
    JS_CFUNC_MAGIC_DEF("unlink", 1, js_on_path, ON_PATH_UNLINK),
    JS_CFUNC_MAGIC_DEF("mkdir", 2, js_on_path, ON_PATH_MKDIR),
    JS_CFUNC_MAGIC_DEF("readlink", 1, js_on_path, ON_PATH_READLINK),
    JS_CFUNC_DEF("readDirectory", 2, js_read_directory),
    JS_CFUNC_DEF("readText", 3, js_read_text),
    JS_CFUNC_DEF("statvfs", 1, js_statvfs),
    JS_CFUNC_DEF("growExt", 2, js_grow_ext),
    JS_CFUNC_DEF("supportsOpenat2", 0, js_supports_openat2),
};
PORT(files);
