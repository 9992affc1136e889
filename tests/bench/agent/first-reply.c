/*
 * first-reply SOCKET REQUEST PROGRAM [ARGUMENT…]: starts the program, connects to the socket as soon as it listens, sends
 * the file REQUEST, and prints the microseconds from the fork to the first byte of the reply. Ends the program.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
    static char request[1 << 20];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timespec pause = {.tv_nsec = 20000};
    if (argc < 4 || strlen(argv[1]) >= sizeof address.sun_path)
        return 2;
    strcpy(address.sun_path, argv[1]);
    int file = open(argv[2], O_RDONLY);
    ssize_t length = read(file, request, sizeof request);
    unlink(argv[1]);
    double started = now_us();
    pid_t pid = fork();
    if (pid == 0) {
        execv(argv[3], argv + 3);
        _exit(127);
    }
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    while (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        if (now_us() - started > 10e6 || waitpid(pid, NULL, WNOHANG) == pid)
            return 1;
        nanosleep(&pause, NULL);
    }
    char byte;
    if (write(fd, request, (size_t)length) != length || read(fd, &byte, 1) != 1)
        return 1;
    printf("%.0f\n", now_us() - started);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return 0;
}
