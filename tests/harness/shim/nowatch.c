// The device's refusal of XS_WATCH: write(2) fails.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/types.h>
static int refused(const void *b, size_t n) {
    uint32_t k;
    if (n < 17) return 0;
    memcpy(&k, b, 4);
    if (k != 4) return 0;
    return 1;
}
ssize_t write(int fd, const void *b, size_t n) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "write");
    if (refused(b, n)) { errno = E2BIG; return -1; }
    return real(fd, b, n);
}
ssize_t send(int fd, const void *b, size_t n, int f) {
    static ssize_t (*real)(int, const void *, size_t, int);
    if (!real) real = dlsym(RTLD_NEXT, "send");
    if (refused(b, n)) { errno = E2BIG; return -1; }
    return real(fd, b, n, f);
}
