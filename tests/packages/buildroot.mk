# What stands in for Buildroot: its cargo-package, reduced to the commands that install. Run in a directory with the package's
# makefile, with INIT (SYSTEMD, OPENRC or SYSV), and the source in `source`.
RUSTC_TARGET_NAME = x86_64-unknown-linux-musl
TARGET_DIR = $(CURDIR)/$(INIT)
define cargo-package
source/installed:
	$$(XEN_GUEST_AGENT_INSTALL_TARGET_CMDS)
	$$(XEN_GUEST_AGENT_INSTALL_INIT_$(INIT))
.PHONY: source/installed
endef
include xen-guest-agent.mk
