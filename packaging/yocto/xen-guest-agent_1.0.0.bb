SUMMARY = "Daemon that reports the state of a Xen guest to its host"
DESCRIPTION = "Writes to xenstore what a Xen host cannot see of its guest from outside: operating system, addresses, memory and disks. It replaces the agent of xe-guest-utilities."
HOMEPAGE = "https://xenproject.org/"
BUGTRACKER = "https://xenproject.org/"
CVE_PRODUCT = "xen-guest-agent"
SECTION = "admin"
LICENSE = "GPL-3.0-only"
LIC_FILES_CHKSUM = "file://LICENSE;md5=1ebbd3e34237af26da5dc08a4e440464"

# The release's archive, beside the recipe. The crates: packaging/yocto/crates >xen-guest-agent-crates.inc
SRC_URI = "file://${BP}.tar.gz"
require ${BPN}-crates.inc

inherit cargo systemd update-rc.d

# A Xen guest is a machine of these kinds.
COMPATIBLE_HOST = "(x86_64|aarch64).*-linux"

SYSTEMD_SERVICE:${PN} = "xen-guest-agent.service"
INITSCRIPT_NAME = "xen-guest-agent"
INITSCRIPT_PARAMS = "defaults"

do_install() {
    services=""
    if ${@bb.utils.contains('DISTRO_FEATURES', 'systemd', 'true', 'false', d)}; then
        services="$services systemd"
    fi
    if ${@bb.utils.contains('DISTRO_FEATURES', 'sysvinit', 'true', 'false', d)}; then
        services="$services sysv"
    fi
    BINARY=${B}/target/${CARGO_TARGET_SUBDIR}/xen-guest-agent DESTDIR=${D} BINDIR=${sbindir} MANDIR=${mandir} \
        UNITDIR=${systemd_system_unitdir} TMPFILESDIR=${nonarch_libdir}/tmpfiles.d \
        UDEVRULESDIR=${nonarch_base_libdir}/udev/rules.d INITDIR=${sysconfdir}/init.d \
        sh ${S}/packaging/install $services
}

FILES:${PN} += "${systemd_system_unitdir} ${nonarch_libdir}/tmpfiles.d ${nonarch_base_libdir}/udev/rules.d"

RCONFLICTS:${PN} = "xe-guest-utilities"

# Remove the keys, so that the host no longer shows an agent, unless the image is being made or the package is upgraded.
pkg_prerm:${PN}:append() {
    if [ -z "$D" ] && [ "$1" != upgrade ]; then
        ${sbindir}/xen-guest-agent --withdraw || :
    fi
}
