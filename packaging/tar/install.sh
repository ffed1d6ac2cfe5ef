#!/bin/sh
# Installs the agent of this archive, enables and starts its service; or stops, withdraws and removes it.
#   ./install.sh [--remove]
# For systems without a package. As root. Running it again with a newer archive upgrades.
set -eu
cd "$(dirname "$0")"

fail() { echo "install.sh: $*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
[ "$(id -u)" = 0 ] || fail "needs root"

# What runs here, or will once this image boots.
if [ -d /run/systemd/system ] || { have systemctl && ! [ -d /run/openrc ]; }; then
    service=systemd
elif have openrc-run || [ -x /sbin/openrc-run ]; then
    service=openrc
elif [ -d /etc/init.d ]; then
    service=sysv
else
    fail "neither systemd nor OpenRC nor /etc/init.d is here; init/README.md says what to start"
fi
# Not a chroot in which an image is made: the processes and the keys that are seen there are those of the guest that makes it.
# shellcheck disable=SC3013 # dash, busybox, bash and ksh have -ef, and so has POSIX since 2024
is_running_system() { [ -d /proc/1 ] && { ! [ -e /proc/1/root ] || [ /proc/1/root -ef / ]; }; }
booted() { [ -d /run/systemd/system ] && is_running_system; }
# Before systemd 243, udev reads the rules in one of the two only.
[ -L /lib ] || export UDEVRULESDIR=/lib/udev/rules.d

# Those of packages would be overwritten, or overwrite.
for owner in 'dpkg -S' 'rpm -qf' 'apk info --who-owns' 'pacman -Qo'; do
    if have "${owner%% *}" && $owner /usr/sbin/xen-guest-agent >/dev/null 2>&1; then
        fail "a package owns /usr/sbin/xen-guest-agent (${owner%% *}); remove that package first"
    fi
done

# Of earlier archives: with it the agent crashes on systemd 229 to 238.
remove_drop_in() {
    rm -f /usr/lib/systemd/system/xen-guest-agent.service.d/confinement.conf
    rmdir /usr/lib/systemd/system/xen-guest-agent.service.d 2>/dev/null || :
}

install_it() {
    BINARY=$PWD/xen-guest-agent packaging/install "$service"
    case $service in
    systemd)
        remove_drop_in
        systemctl --quiet enable xen-guest-agent.service
        if booted; then
            systemctl daemon-reload
            # Started by it as well; where there is no Xen its conditions keep it from running.
            systemctl restart xen-guest-agent.service
            systemd-tmpfiles --create xen-guest-agent.conf || :
        fi
        ;;
    openrc)
        rc-update --quiet add xen-guest-agent default
        if is_running_system; then
            rc-service xen-guest-agent restart || echo "install.sh: the service does not run (see above); it is enabled" >&2
        fi
        ;;
    sysv)
        if have update-rc.d; then update-rc.d xen-guest-agent defaults; elif have chkconfig; then chkconfig --add xen-guest-agent; fi
        /etc/init.d/xen-guest-agent restart || echo "install.sh: the service does not run (see above); it is enabled" >&2
        ;;
    esac
    xen-guest-agent --version
}

remove_it() {
    case $service in
    systemd)
        systemctl --quiet disable xen-guest-agent.service || :
        if booted; then systemctl stop xen-guest-agent.service || :; fi
        ;;
    openrc)
        if is_running_system; then rc-service --ifstarted xen-guest-agent stop || :; fi
        rc-update --quiet delete xen-guest-agent || :
        ;;
    sysv) /etc/init.d/xen-guest-agent stop || : ;;
    esac
    # Remove the keys, so that the host no longer shows an agent.
    xen-guest-agent --withdraw || :
    # What it installs is what is removed: the same script says which files these are.
    list=$(mktemp -d)
    DESTDIR=$list BINARY=$PWD/xen-guest-agent packaging/install "$service"
    (cd "$list" && find . -type f) | while read -r file; do
        rm -f "/${file#./}"
    done
    # Directories that only it has.
    (cd "$list" && find . -mindepth 1 -depth -type d) | while read -r directory; do
        rmdir "/${directory#./}" 2>/dev/null || :
    done
    rm -r "$list"
    remove_drop_in
    rm -f /var/log/xen-guest-agent.err
    case $service in
    systemd) if booted; then systemctl daemon-reload; fi ;;
    sysv) if have update-rc.d; then update-rc.d xen-guest-agent remove; elif have chkconfig; then chkconfig --del xen-guest-agent; fi ;;
    esac
}

case ${1-} in
'') install_it ;;
--remove) remove_it ;;
*) echo "usage: $0 [--remove]" >&2; exit 2 ;;
esac
