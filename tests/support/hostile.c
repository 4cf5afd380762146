/* A program that wants to do harm, for the decoder's place: `hostile WHAT ARGUMENT`.
   It writes "done" where it could, else the number of the error. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static long reads(const char *path) { return open(path, O_RDONLY); }
static long lists(const char *path) { return open(path, O_RDONLY | O_DIRECTORY); }
static long writes(const char *path) { return open(path, O_WRONLY | O_CREAT, 0600); }
static long changes(const char *path) { return chmod(path, 0777); }
static long shortens(const char *path) { return truncate(path, 0); }
static long removes(const char *path) { return unlink(path); }
static long kills(const char *pid) { return kill(atoi(pid), 0); }

static long connects(const char *port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    return descriptor < 0 ? -1 : connect(descriptor, (struct sockaddr *)&to, sizeof to);
}

static long sends(const char *port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
    return descriptor < 0 ? -1 : sendto(descriptor, "x", 1, 0, (struct sockaddr *)&to, sizeof to);
}

static long runs(const char *program) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) return -1;
    if (!fork()) {
        int null = open("/dev/null", O_WRONLY);
        if (null >= 0) dup2(null, 1);
        execl(program, program, (char *)NULL);
        int error = errno;
        if (write(ends[1], &error, sizeof error)) _exit(1);
    }
    close(ends[1]);
    int error = 0;
    long told = read(ends[0], &error, sizeof error);
    wait(NULL);
    errno = error;
    return told > 0 ? -1 : 0;
}

/* A program that is nowhere in the file system. */
static long runs_copy(const char *program) {
    int from = open(program, O_RDONLY), copy = memfd_create("copy", 0);
    if (from < 0 || copy < 0) return -1;
    char buffer[65536];
    for (long size; (size = read(from, buffer, sizeof buffer)) > 0;)
        if (write(copy, buffer, size) < 0) return -1;
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", copy);
    return runs(path);
}

static long traces(const char *pid) {
    long result = ptrace(PTRACE_ATTACH, atoi(pid), 0, 0);
    if (!result) {
        waitpid(atoi(pid), NULL, 0);
        ptrace(PTRACE_DETACH, atoi(pid), 0, 0);
    }
    return result;
}

static long outgrows(const char *unused) {
    return syscall(SYS_io_uring_setup, 1, calloc(1, 128)) + (unused ? 0 : 1);
}

static const struct {
    const char *what;
    long (*attempt)(const char *);
} ATTEMPTS[] = {
    {"read", reads},       {"list", lists},     {"write", writes},     {"chmod", changes},
    {"truncate", shortens}, {"unlink", removes}, {"kill", kills},       {"connect", connects},
    {"send", sends},       {"exec", runs},      {"exec-copy", runs_copy}, {"ptrace", traces},
    {"io_uring", outgrows},
};

int main(int count, char **words) {
    for (unsigned i = 0; count > 2 && i < sizeof ATTEMPTS / sizeof *ATTEMPTS; i++)
        if (!strcmp(words[1], ATTEMPTS[i].what)) {
            if (ATTEMPTS[i].attempt(words[2]) < 0) printf("%s\n", strerrorname_np(errno));
            else printf("done\n");
            return 0;
        }
    return 2;
}
