/*
 * The baseline that `npm run bench` compares with: the least a C program can do on the same channel. Not part of the
 * agent.
 *
 *   bench-peer PORT PROGRAM
 *
 * Reads one command byte at a time from PORT and answers it:
 *   'e' and 4 bytes, a big-endian count: reads that many bytes and writes them back.
 *   's': posix_spawn(PROGRAM), waitpid, then one byte.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static unsigned char buffer[1 << 20];

/* Reads exactly count bytes; 0 from read means that no host is attached, so it waits briefly and retries. */
static void read_all(int fd, unsigned char *into, size_t count)
{
    while (count > 0) {
        ssize_t got = read(fd, into, count);
        if (got > 0) {
            into += got;
            count -= (size_t)got;
        } else if (got == 0) {
            usleep(2000);
        } else if (errno != EINTR) {
            exit(1);
        }
    }
}

static void write_all(int fd, const unsigned char *from, size_t count)
{
    while (count > 0) {
        ssize_t put = write(fd, from, count);
        if (put < 0) {
            if (errno == EINTR)
                continue;
            exit(1);
        }
        from += put;
        count -= (size_t)put;
    }
}

static void echo(int fd)
{
    unsigned char head[4];
    read_all(fd, head, sizeof head);
    uint32_t count = (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
    if (count > sizeof buffer)
        exit(1);
    read_all(fd, buffer, count);
    write_all(fd, buffer, count);
}

static void spawn_once(int fd, char *program)
{
    char *arguments[] = {program, NULL};
    unsigned char answer = 0;
    pid_t pid;
    int status;
    if (posix_spawn(&pid, program, NULL, NULL, arguments, environ) != 0 || waitpid(pid, &status, 0) < 0)
        answer = 1;
    write_all(fd, &answer, 1);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    int fd = open(argv[1], O_RDWR);
    if (fd < 0)
        return 1;
    for (;;) {
        unsigned char command;
        read_all(fd, &command, 1);
        if (command == 'e')
            echo(fd);
        else if (command == 's')
            spawn_once(fd, argv[2]);
        else
            return 1;
    }
}
