/*
 * Shared by hypervisor.c and files.c: the files in $XENSTORED_RUNDIR that replace the
 * hypervisor's pages and event channels.
 *   domN.ring      the shared xenstore page of domain N, a plain file; the domain
 *                  exists while the file does (dom0's is made here)
 *   evtchn.fifo    into the daemon: uint32 event channel port numbers
 *   evtchn-N.fifo  out of the daemon: one byte for each notification of domain N
 * Ports as the daemon sees them: 1 = VIRQ_DOM_EXC, 0x100 + N = domain N.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The real function behind one that the shim replaces. */
#define REAL(name, ...) ((int (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

/* Short enough for a socket's address. */
static inline const char *in_run(const char *fmt, unsigned int dom)
{
	static __thread char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int n = snprintf(path, sizeof(path), "%s/", getenv("XENSTORED_RUNDIR"));

	if (n < (int)sizeof(path))
		snprintf(path + n, sizeof(path) - n, fmt, dom);
	return path;
}

static inline int real_open(const char *path, int flags, mode_t mode)
{
	return REAL("open", const char *, int, ...)(path, flags, mode);
}

static inline int ring_fd(unsigned int dom)
{
	int fd = real_open(in_run("dom%u.ring", dom),
			   O_RDWR | O_CLOEXEC | (dom ? 0 : O_CREAT), 0600);

	if (fd >= 0 && dom == 0 && ftruncate(fd, 4096) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}
