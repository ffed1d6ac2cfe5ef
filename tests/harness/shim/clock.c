/*
 * Preloaded into the agent: moves the clocks that it reads, by offsets in the file
 * $XGA_CLOCK, two int64 in nanoseconds (CLOCK_REALTIME, CLOCK_MONOTONIC). As after a real jump, a
 * sleeping thread goes on sleeping.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL

static volatile int64_t *offsets;
static long (*real_syscall)(long, ...);

__attribute__((constructor)) static void map_offsets(void)
{
	const char *path = getenv("XGA_CLOCK");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *map = fd < 0 ? MAP_FAILED : mmap(NULL, 16, PROT_READ, MAP_SHARED, fd, 0);

	if (map != MAP_FAILED)
		offsets = map;
	if (fd >= 0)
		close(fd);
	real_syscall = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
}

static void move(struct timespec *ts, int64_t by)
{
	int64_t ns = ts->tv_sec * SECOND + ts->tv_nsec + by;

	if (ns < 0)
		ns = 0;
	ts->tv_sec = ns / SECOND;
	ts->tv_nsec = ns % SECOND;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	long rc = real_syscall(SYS_clock_gettime, id, ts);

	if (!rc && offsets && (id == CLOCK_REALTIME || id == CLOCK_MONOTONIC))
		move(ts, offsets[id]);
	return rc;
}

/* Rust parks a thread until a time of the moved clock: convert it to the kernel's clock. */
long syscall(long number, ...)
{
	struct timespec until;
	va_list ap;
	long a[6];

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_futex && (a[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET && a[3] && offsets) {
		until = *(struct timespec *)a[3];
		move(&until, -offsets[CLOCK_MONOTONIC]);
		a[3] = (long)&until;
	}
	return real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
