/*
 * The files that a xenstored expects in dom0: its shared page and its port in /proc/xen. For
 * oxenstored also its directory in /var/run, where it has its socket and dumps its store, and
 * the path of a plugin, which are fixed at build time, and a resource limit that it raises.
 */
#include "shim.h"
#include <dirent.h>

#define OX_RUN "/var/run/xenstored"

/* The machine may be a dom0, whose oxenstored has files of its own there. */
static const char *in_own_run(const char *path)
{
	size_t length = strlen(OX_RUN);

	if (strncmp(path, OX_RUN, length) || (path[length] && path[length] != '/'))
		return path;
	return path[length] ? in_run(path + length + 1, 0) : getenv("XENSTORED_RUNDIR");
}

static int open_common(const char *path, int flags, mode_t mode)
{
	int fd;

	if (!strcmp(path, "/proc/xen/xsd_kva") || !strcmp(path, "/dev/xen/xsd_kva"))
		return ring_fd(0);
	if (strcmp(path, "/proc/xen/xsd_port") && strcmp(path, "/dev/xen/xsd_port"))
		return real_open(in_own_run(path), flags, mode);
	fd = memfd_create("xsd_port", MFD_CLOEXEC);
	if (fd >= 0 && pwrite(fd, "2", 1, 0) != 1) {
		close(fd);
		fd = -1;
	}
	return fd;
}

#define OPEN(name)								\
	int name(const char *path, int flags, ...)				\
	{									\
		va_list ap;							\
		mode_t mode;							\
										\
		va_start(ap, flags);						\
		mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;	\
		va_end(ap);							\
		return open_common(path, flags, mode);				\
	}

OPEN(open)
OPEN(open64)

int mkdir(const char *path, mode_t mode)
{
	return REAL("mkdir", const char *, mode_t)(in_own_run(path), mode);
}

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	const struct sockaddr_un *un = (const void *)addr;
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (addr->sa_family == AF_UNIX && in_own_run(un->sun_path) != un->sun_path) {
		strcpy(to.sun_path, in_own_run(un->sun_path));
		addr = (void *)&to;
		len = sizeof(to);
	}
	return REAL("bind", int, const struct sockaddr *, socklen_t)(fd, addr, len);
}

int unlink(const char *path)
{
	return REAL("unlink", const char *)(in_own_run(path));
}

/* From Xen 4.20 on oxenstored loads a plugin from the directory that its package is installed in. */
#define OX_PLUGINS "/usr/lib/xen-"

static const char *unpacked(const char *path)
{
	static __thread char moved[4096];
	const char *root = getenv("XENSTORED_ROOT");

	if (!root || !path || strncmp(path, OX_PLUGINS, strlen(OX_PLUGINS)))
		return path;
	snprintf(moved, sizeof(moved), "%s%s", root, path);
	return moved;
}

int stat64(const char *path, struct stat64 *to)
{
	return REAL("stat64", const char *, struct stat64 *)(unpacked(path), to);
}

DIR *opendir(const char *path)
{
	return ((DIR *(*)(const char *))dlsym(RTLD_NEXT, "opendir"))(unpacked(path));
}

void *dlopen(const char *path, int flags)
{
	return ((void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen"))(unpacked(path), flags);
}

int setrlimit(__rlimit_resource_t what, const struct rlimit *lim)
{
	int rc = REAL("setrlimit", __rlimit_resource_t, const struct rlimit *)(what, lim);

	return rc < 0 && errno == EPERM ? 0 : rc;
}
