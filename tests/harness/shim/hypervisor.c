/*
 * Preloaded into an unmodified xenstored (C or OCaml). Replaces the hypervisor's libraries
 * only: libxenctrl (domain info, foreign mappings), libxengnttab and libxenevtchn.
 * Permissions, quotas and watches are the daemon's own code.
 */
#include "shim.h"

#define PAGE 4096
#define VIRQ_PORT 1
#define DOM_PORT 0x100u
#define MAXDOM 256

static int handle;		/* what every "open" returns */
static int evt_in = -1;		/* evtchn.fifo */
static int evt_out[MAXDOM];	/* evtchn-N.fifo, +1 */

static void *ring_map(unsigned int dom, int prot)
{
	int fd = ring_fd(dom);
	void *m;

	if (fd < 0)
		return NULL;
	m = mmap(NULL, PAGE, prot, MAP_SHARED, fd, 0);
	close(fd);
	return m == MAP_FAILED ? NULL : m;
}

static int dom_exists(unsigned int dom)
{
	return dom == 0 || access(in_run("dom%u.ring", dom), F_OK) == 0;
}

/* The event channels' pipes. O_RDWR: no end-of-file when the last writer leaves. */
static int pipe_fd(const char *fmt, unsigned int dom)
{
	const char *path = in_run(fmt, dom);

	if (mkfifo(path, 0600) < 0 && errno != EEXIST)
		return -1;
	return real_open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC, 0);
}

/* ---- libxenctrl ---- */

void *xc_interface_open(void *logger, void *dombuild_logger, unsigned int flags)
{
	return &handle;
}

int xc_interface_close(void *xch)
{
	return 0;
}

/* The first domain from this one on that exists. */
static int next_dom(uint32_t first)
{
	while (first < MAXDOM && !dom_exists(first))
		first++;
	return first < MAXDOM ? (int)first : -1;
}

/* xc_dominfo_t's beginning; the daemon asks for one domain at a time. */
int xc_domain_getinfo(void *xch, uint32_t first, unsigned int max, void *info)
{
	struct {
		uint32_t domid, ssidref;
		unsigned int dying:1, crashed:1, shutdown:1, paused:1, blocked:1, running:1;
	} head = { .running = 1 };
	int dom = next_dom(first);

	if (dom < 0 || !max)
		return 0;
	head.domid = dom;
	memcpy(info, &head, sizeof(head));
	return 1;
}

/* xen_domctl_getdomaininfo's beginning, as oxenstored and newer daemons use it. */
int xc_domain_getinfolist(void *xch, uint32_t first, unsigned int max, void *info)
{
	struct {
		uint16_t domain, pad;
		uint32_t flags;
	} head = { .flags = 1u << 5 /* running */ };
	int dom = next_dom(first);

	if (dom < 0 || !max)
		return 0;
	head.domain = dom;
	memcpy(info, &head, sizeof(head));
	return 1;
}

int xc_domain_getinfo_single(void *xch, uint32_t dom, void *info)
{
	if (!dom_exists(dom)) {
		errno = ESRCH;
		return -1;
	}
	return xc_domain_getinfolist(xch, dom, 1, info) == 1 ? 0 : -1;
}

void *xc_map_foreign_range(void *xch, uint32_t dom, int size, int prot, unsigned long mfn)
{
	return ring_map(dom, prot);
}

/* ---- libxengnttab ---- */

void *xengnttab_open(void *logger, unsigned int flags)
{
	return &handle;
}

int xengnttab_close(void *h)
{
	return 0;
}

int xengnttab_set_max_grants(void *h, uint32_t n)
{
	return 0;
}

void *xengnttab_map_grant_ref(void *h, uint32_t dom, uint32_t ref, int prot)
{
	return ring_map(dom, prot);
}

int xengnttab_unmap(void *h, void *addr, uint32_t count)
{
	return munmap(addr, (size_t)count * PAGE);
}

/* ---- libxenevtchn ---- */

void *xenevtchn_open(void *logger, unsigned int flags)
{
	evt_in = pipe_fd("evtchn.fifo", 0);
	return evt_in < 0 ? NULL : &handle;
}

void *xenevtchn_fdopen(void *logger, int fd, unsigned int flags)
{
	evt_in = fd;
	return &handle;
}

int xenevtchn_close(void *h)
{
	return 0;
}

int xenevtchn_fd(void *h)
{
	return evt_in;
}

int xenevtchn_bind_virq(void *h, unsigned int virq)
{
	return VIRQ_PORT;
}

int xenevtchn_bind_interdomain(void *h, uint32_t dom, uint32_t remote)
{
	if (dom >= MAXDOM) {
		errno = EINVAL;
		return -1;
	}
	if (!evt_out[dom])
		evt_out[dom] = pipe_fd("evtchn-%u.fifo", dom) + 1;
	return evt_out[dom] ? (int)(DOM_PORT + dom) : -1;
}

int xenevtchn_unbind(void *h, uint32_t port)
{
	unsigned int dom = port - DOM_PORT;

	if (port >= DOM_PORT && dom < MAXDOM && evt_out[dom]) {
		close(evt_out[dom] - 1);
		evt_out[dom] = 0;
	}
	return 0;
}

int xenevtchn_notify(void *h, uint32_t port)
{
	unsigned int dom = port - DOM_PORT;

	/* A full pipe means that an event is pending already. */
	if (port > DOM_PORT && dom < MAXDOM && evt_out[dom])
		if (write(evt_out[dom] - 1, "", 1) < 0 && errno != EAGAIN)
			return -1;
	return 0;
}

int xenevtchn_pending(void *h)
{
	uint32_t port;

	return read(evt_in, &port, sizeof(port)) == (ssize_t)sizeof(port) ? (int)port : -1;
}

int xenevtchn_unmask(void *h, uint32_t port)
{
	return 0;
}
