/*
 * Preloaded into the agent: the links of the names in $XGA_DEVICES, with commas, have no kind, as the
 * kernel's own NICs have none, and no peer. Links that a test can make have both. IFLA_LINKINFO and
 * IFLA_LINK become an attribute that does not exist; all else is what the kernel sent.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define UNKNOWN_ATTRIBUTE 0x3ffe

static int is_device(const char *name)
{
	const char *names = getenv("XGA_DEVICES");
	size_t length = strlen(name);

	while (names && *names) {
		size_t next = strcspn(names, ",");

		if (next == length && !memcmp(names, name, length))
			return 1;
		names += next + (names[next] == ',');
	}
	return 0;
}

static void hide_kind(struct nlmsghdr *message)
{
	int left = IFLA_PAYLOAD(message), device = 0;
	struct rtattr *first = IFLA_RTA(NLMSG_DATA(message)), *rta;
	int all = left;

	for (rta = first; RTA_OK(rta, left); rta = RTA_NEXT(rta, left))
		if (rta->rta_type == IFLA_IFNAME)
			device = is_device(RTA_DATA(rta));
	for (rta = first; device && RTA_OK(rta, all); rta = RTA_NEXT(rta, all))
		if (rta->rta_type == IFLA_LINKINFO || rta->rta_type == IFLA_LINK)
			rta->rta_type = UNKNOWN_ATTRIBUTE;
}

ssize_t recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *from, socklen_t *length)
{
	ssize_t (*real)(int, void *, size_t, int, struct sockaddr *, socklen_t *) = dlsym(RTLD_NEXT, "recvfrom");
	ssize_t got = real(fd, buffer, size, flags, from, length);
	int left = got > 0 && (size_t)got <= size ? got : 0;
	struct nlmsghdr *message;

	if (!from || from->sa_family != AF_NETLINK)
		return got;
	for (message = buffer; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left))
		if (message->nlmsg_type == RTM_NEWLINK)
			hide_kind(message);
	return got;
}
