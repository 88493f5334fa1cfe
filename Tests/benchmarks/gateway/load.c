// Asks an HTTP server over TCP and prints how fast it was answered.
//
//   load PORT FILE SIZE CONNECTIONS SECONDS
//
// FILE holds requests of SIZE bytes each. With SECONDS > 0 they are asked again and again, one under way on each
// connection, until the time is up; with 0 every one is asked once. All answers must have status 200 and no body. Prints
// {"rate": per second, "p50": microseconds}.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_SAMPLES = 4 << 20, MOST_CONNECTIONS = 1024, BUFFER = 16384 };

struct connection {
    int file;
    size_t received;
    double asked;
    char buffer[BUFFER];
};

static struct connection connections[MOST_CONNECTIONS];
static float samples[MOST_SAMPLES];
static size_t sample_count;
static char *requests;
static size_t size, request_count, next;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

static void ask(struct connection *connection) {
    connection->asked = now();
    connection->received = 0;
    if (write(connection->file, requests + size * (next++ % request_count), size) != (ssize_t)size) fail("write");
}

static int compare(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    if (argc != 6) return 64;
    FILE *file = fopen(argv[2], "rb");
    if (!file) fail(argv[2]);
    size = strtoul(argv[3], NULL, 10);
    requests = malloc(64 << 20);
    request_count = fread(requests, 1, 64 << 20, file) / size;
    int count = atoi(argv[4]);
    double seconds = atof(argv[5]);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int poll = epoll_create1(0), on = 1;
    for (int i = 0; i < count; i++) {
        int socket_file = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(socket_file, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
        setsockopt(socket_file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connections[i].file = socket_file;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};
        epoll_ctl(poll, EPOLL_CTL_ADD, socket_file, &event);
    }
    double start = now(), end = start + seconds;
    for (int i = 0; i < count; i++) ask(&connections[i]);
    size_t under_way = count;
    while (under_way > 0) {
        struct epoll_event events[64];
        int ready = epoll_wait(poll, events, 64, 10000);
        if (ready <= 0) fail("no answer");
        for (int i = 0; i < ready; i++) {
            struct connection *connection = events[i].data.ptr;
            ssize_t got = read(connection->file, connection->buffer + connection->received, BUFFER - connection->received);
            if (got <= 0) fail("read");
            connection->received += got;
            if (!memmem(connection->buffer, connection->received, "\r\n\r\n", 4)) continue;
            if (memcmp(connection->buffer, "HTTP/1.1 200", 12) != 0) {
                fwrite(connection->buffer, 1, connection->received, stderr);
                return 1;
            }
            double time = now();
            if (sample_count < MOST_SAMPLES) samples[sample_count++] = (time - connection->asked) * 1e6;
            if (seconds > 0 ? time < end : next < request_count) ask(connection);
            else under_way--;
        }
    }
    double took = now() - start;
    qsort(samples, sample_count, sizeof *samples, compare);
    printf("{\"rate\": %.1f, \"p50\": %.2f}\n", sample_count / took, samples[sample_count / 2]);
    return 0;
}
