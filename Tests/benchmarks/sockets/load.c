// Asks a Unix socket the same question again and again and prints how fast it was answered.
//
//   load PATH agent|http|http:FILE kept|fresh CONNECTIONS SECONDS
//
// agent: SSH_AGENTC_REQUEST_IDENTITIES of ssh-agent's protocol. http: GET /v1/key, or the request in a file. kept: connections stay open, one
// question under way on each. fresh: a new connection for every question. Prints {"rate": per second, "p50": microseconds}.
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { MOST_SAMPLES = 4 << 20, MOST_CONNECTIONS = 1024, BUFFER = 16384 };

static const char *path;
static bool is_agent;
static const char http_question[] = "GET /v1/key HTTP/1.1\r\nHost: localhost\r\n\r\n";
static const char agent_question[] = {0, 0, 0, 1, 11};
static const char *question;
static size_t question_size;
static size_t http_answer_size;
static float samples[MOST_SAMPLES];
static size_t sample_count;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

static int dial(void) {
    int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    if (file < 0 || connect(file, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    return file;
}

static void ask(int file) {
    if (write(file, question, question_size) != (ssize_t)question_size) fail("write");
}

// The size of the answer whose beginning is in `buffer`, 0 while that can't be told.
static size_t answer_size(const char *buffer, size_t count) {
    if (!is_agent) {
        if (http_answer_size) return http_answer_size;
        const char *end = memmem(buffer, count, "\r\n\r\n", 4);
        const char *length = memmem(buffer, count, "ontent-", 7);
        while (length && end && length < end && strncasecmp(length + 7, "length:", 7) != 0)
            length = memmem(length + 7, buffer + count - length - 7, "ontent-", 7);
        if (!end || !length) return 0;
        if (strncmp(buffer, "HTTP/1.1 200", 12) != 0) {
            fprintf(stderr, "the answer is not 200: %.40s\n", buffer);
            exit(1);
        }
        return http_answer_size = end + 4 - buffer + strtoul(length + 14, NULL, 10);
    }
    const uint8_t *bytes = (const uint8_t *)buffer;
    if (count < 5) return 0;
    if (bytes[4] != 12) fail("ssh-agent refuses");
    return 4 + ((size_t)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3]);
}

static void listen_to(int file) {
    char buffer[BUFFER];
    size_t count = 0, size = 0;
    do {
        ssize_t part = read(file, buffer + count, sizeof buffer - count);
        if (part <= 0) fail("read");
        count += part;
        if (!size) size = answer_size(buffer, count);
    } while (!size || count < size);
}

static void note(double seconds) {
    if (sample_count < MOST_SAMPLES) samples[sample_count++] = seconds * 1e6;
}

static size_t one_at_a_time(bool is_fresh, double seconds) {
    size_t count = 0;
    int file = is_fresh ? -1 : dial();
    double end = now() + seconds, start;
    while ((start = now()) < end) {
        if (is_fresh) file = dial();
        ask(file);
        listen_to(file);
        if (is_fresh) close(file);
        note(now() - start);
        count++;
    }
    return count;
}

static size_t together(int connections, double seconds) {
    static int files[MOST_CONNECTIONS];
    static double started[MOST_CONNECTIONS];
    static size_t got[MOST_CONNECTIONS], need[MOST_CONNECTIONS];
    static char buffer[BUFFER];
    size_t count = 0;
    int poller = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < connections; i++) {
        files[i] = dial();
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        if (epoll_ctl(poller, EPOLL_CTL_ADD, files[i], &event) != 0) fail("epoll_ctl");
        ask(files[i]);
        listen_to(files[i]);
    }
    double end = now() + seconds, time = now();
    for (int i = 0; i < connections; i++) {
        started[i] = time;
        ask(files[i]);
    }
    struct epoll_event events[64];
    while ((time = now()) < end) {
        int ready = epoll_wait(poller, events, 64, 1000);
        for (int k = 0; k < ready; k++) {
            int i = events[k].data.u32;
            ssize_t part = read(files[i], buffer, sizeof buffer);
            if (part <= 0) fail("read");
            if (!got[i]) need[i] = answer_size(buffer, part);
            got[i] += part;
            if (got[i] < need[i]) continue;
            got[i] = 0;
            time = now();
            note(time - started[i]);
            count++;
            started[i] = time;
            ask(files[i]);
        }
    }
    return count;
}

// A request that is not the usual one.
static void read_question(const char *name) {
    static char request[BUFFER];
    FILE *file = fopen(name, "rb");
    if (!file) fail(name);
    question = request;
    question_size = fread(request, 1, sizeof request, file);
    fclose(file);
}

static int order(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: load PATH agent|http|http:FILE kept|fresh CONNECTIONS SECONDS\n");
        return 64;
    }
    path = argv[1];
    is_agent = strcmp(argv[2], "agent") == 0;
    question = is_agent ? agent_question : http_question;
    question_size = is_agent ? sizeof agent_question : sizeof http_question - 1;
    if (strncmp(argv[2], "http:", 5) == 0) read_question(argv[2] + 5);
    int connections = atoi(argv[4]);
    double seconds = atof(argv[5]);
    if (connections < 1 || connections > MOST_CONNECTIONS) return 64;
    bool is_fresh = strcmp(argv[3], "fresh") == 0;
    if (is_fresh || connections == 1)
        one_at_a_time(is_fresh, seconds / 10);
    else
        together(connections, seconds / 10);
    sample_count = 0;
    double start = now();
    size_t count = is_fresh || connections == 1 ? one_at_a_time(is_fresh, seconds) : together(connections, seconds);
    double took = now() - start;
    qsort(samples, sample_count, sizeof *samples, order);
    printf("{\"rate\": %.1f, \"p50\": %.3f}\n", count / took, samples[sample_count / 2]);
    return 0;
}
