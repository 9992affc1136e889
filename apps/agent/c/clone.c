/* A child process in a cgroup of its own from its first instruction. */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* struct clone_args of linux/sched.h, up to its third version (Linux 5.7). */
typedef struct {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
} CloneArguments;

/* clone3(2), whose child calls start_child(argument) on its own stack: libc has no wrapper. A negative errno if it fails. */
static long clone3_child(CloneArguments *arguments, int (*start_child)(void *), void *argument)
{
#if defined(__x86_64__)
    register long result __asm__("rax") = SYS_clone3;
    register void *given __asm__("r12") = argument;
    register int (*start)(void *) __asm__("r13") = start_child;
    __asm__ volatile("syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\txor %%ebp, %%ebp\n\tmov %%r12, %%rdi\n\tcall *%%r13\n1:"
                     : "+r"(result)
                     : "D"(arguments), "S"(sizeof *arguments), "r"(given), "r"(start)
                     : "rcx", "r11", "memory", "cc");
    return result;
#elif defined(__aarch64__)
    register long result __asm__("x0") = (long)arguments;
    register long size __asm__("x1") = sizeof *arguments;
    register long number __asm__("x8") = SYS_clone3;
    register void *given __asm__("x19") = argument;
    register int (*start)(void *) __asm__("x20") = start_child;
    __asm__ volatile("svc 0\n\tcbnz x0, 1f\n\tmov x29, xzr\n\tmov x0, x19\n\tblr x20\n1:"
                     : "+r"(result)
                     : "r"(size), "r"(number), "r"(given), "r"(start)
                     : "memory", "cc");
    return result;
#else
    return -ENOSYS;
#endif
}

/*
 * A child that shares memory, as after vfork, and starts in the cgroup of this cgroup.procs file (CLONE_INTO_CGROUP): a
 * process that enters one by writing to it waits for all CPUs, which takes longer than the rest of a short command. -1
 * where that is not possible, as before Linux 5.7.
 */
pid_t clone_into_group(int (*start)(void *), void *argument, const char *group_entry, void *stack, size_t stack_size)
{
    char folder[PATH_BYTES];
    const char *end = strrchr(group_entry, '/');
    if (!end || (size_t)(end - group_entry) >= sizeof folder)
        return -1;
    memcpy(folder, group_entry, (size_t)(end - group_entry));
    folder[end - group_entry] = 0;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    CloneArguments arguments = {
        .flags = CLONE_VM | CLONE_VFORK | 0x200000000u /* CLONE_INTO_CGROUP */,
        .exit_signal = SIGCHLD,
        .stack = (uint64_t)(uintptr_t)stack,
        .stack_size = stack_size,
        .cgroup = (uint64_t)fd,
    };
    long pid = clone3_child(&arguments, start, argument);
    close(fd);
    return pid > 0 ? (pid_t)pid : -1;
}
