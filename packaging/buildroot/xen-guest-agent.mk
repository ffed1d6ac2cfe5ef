################################################################################
#
# xen-guest-agent
#
################################################################################

XEN_GUEST_AGENT_VERSION = 1.0.0
# Where the release's archive is.
XEN_GUEST_AGENT_SITE = $(BR2_EXTERNAL_XEN_GUEST_AGENT_PATH)/dl
XEN_GUEST_AGENT_SITE_METHOD = file
XEN_GUEST_AGENT_LICENSE = GPL-3.0
XEN_GUEST_AGENT_LICENSE_FILES = LICENSE

define XEN_GUEST_AGENT_INSTALL_FILES
	cd $(@D) && DESTDIR=$(TARGET_DIR) \
		BINARY=target/$(RUSTC_TARGET_NAME)/release/xen-guest-agent \
		sh packaging/install $(1)
endef

define XEN_GUEST_AGENT_INSTALL_TARGET_CMDS
	$(call XEN_GUEST_AGENT_INSTALL_FILES)
endef

define XEN_GUEST_AGENT_INSTALL_INIT_SYSTEMD
	$(call XEN_GUEST_AGENT_INSTALL_FILES,systemd)
endef

define XEN_GUEST_AGENT_INSTALL_INIT_OPENRC
	$(call XEN_GUEST_AGENT_INSTALL_FILES,openrc)
endef

# Buildroot's own names for scripts of System V init.
define XEN_GUEST_AGENT_INSTALL_INIT_SYSV
	$(call XEN_GUEST_AGENT_INSTALL_FILES,sysv)
	ln -sf xen-guest-agent $(TARGET_DIR)/etc/init.d/S60xen-guest-agent
endef

$(eval $(cargo-package))
