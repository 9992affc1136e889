/* vsock-pipe CID PORT: connects standard input and output to a port of vsock, for tests inside a guest. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <linux/vm_sockets.h>
#include <unistd.h>

static int copy(int from, int to)
{
    char bytes[65536];
    ssize_t got = read(from, bytes, sizeof bytes);
    for (ssize_t done = 0; done < got;) {
        ssize_t put = write(to, bytes + done, got - done);
        if (put < 0)
            return -1;
        done += put;
    }
    return got > 0;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    struct sockaddr_vm address = {
        .svm_family = AF_VSOCK, .svm_cid = strtoul(argv[1], NULL, 10), .svm_port = strtoul(argv[2], NULL, 10)};
    int socket_fd = socket(AF_VSOCK, SOCK_STREAM, 0);
    if (socket_fd < 0 || connect(socket_fd, (struct sockaddr *)&address, sizeof address) < 0) {
        perror("vsock");
        return 1;
    }
    struct pollfd ends[] = {{.fd = 0, .events = POLLIN}, {.fd = socket_fd, .events = POLLIN}};
    for (;;) {
        if (poll(ends, 2, -1) < 0)
            return 1;
        if (ends[1].revents && copy(socket_fd, 1) <= 0)
            return 0;
        if (ends[0].revents && copy(0, socket_fd) <= 0) {
            shutdown(socket_fd, SHUT_WR);
            ends[0].fd = -1;
        }
    }
}
