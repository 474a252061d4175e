/* The least that a relay with a port per leg does: epoll, one recvfrom and one sendto a packet, and no
 * question asked.   bare BASE_IP BASE_PORT SESSIONS A_IP A_PORT B_IP B_PORT
 * Session i faces A at port BASE + 4i and B at BASE + 4i + 2.  Build: cc -O2 -o bare bare.c */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { EVENTS = 1024, LONGEST = 2048 };

static struct sockaddr_in address(const char *ip, int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, ip, &address.sin_addr);
    return address;
}

int main(int count, char **arguments) {
    if (count < 8) return 2;
    int base = atoi(arguments[2]), sessions = atoi(arguments[3]);
    struct sockaddr_in peers[2] = {address(arguments[4], atoi(arguments[5])), address(arguments[6], atoi(arguments[7]))};
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int *sockets = malloc(2 * sessions * sizeof *sockets), poller = epoll_create1(0);
    static struct epoll_event events[EVENTS];
    for (int i = 0; i < 2 * sessions; i++) {
        struct sockaddr_in own = address(arguments[1], base + 2 * i);
        sockets[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        if (bind(sockets[i], (void *)&own, sizeof own)) {
            perror("bind");
            return 1;
        }
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        epoll_ctl(poller, EPOLL_CTL_ADD, sockets[i], &event);
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        int ready = epoll_wait(poller, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            int from = events[i].data.u32;
            static char packet[LONGEST];
            struct sockaddr_in source;
            socklen_t length = sizeof source;
            ssize_t bytes = recvfrom(sockets[from], packet, LONGEST, 0, (void *)&source, &length);
            /* Even sockets face A: what they get goes to B, and the reverse. */
            if (bytes > 0) sendto(sockets[from ^ 1], packet, bytes, 0, (void *)&peers[!(from & 1)], sizeof *peers);
        }
    }
}
