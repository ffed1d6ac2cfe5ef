#!/bin/sh
# The inside of a guest's machine, started by world.rs in namespaces of its own:
#   unshare -m -n -u -- sh world.sh SCRATCH
# Here /etc, /run, /sys and /dev hold nothing but what a test puts there, and the kernel's
# memory figures are a file. It ends when its standard input does, and its mounts,
# links and host name with it.
set -eu
scratch=$1
mount --make-rprivate /
mount -t tmpfs -o mode=755 world "$scratch"
mkdir -p "$scratch/etc" "$scratch/dev" "$scratch/run" "$scratch/sys/hypervisor" "$scratch/sys/class/net"
for device in full null random urandom zero; do
    : >"$scratch/dev/$device"
    mount --bind "/dev/$device" "$scratch/dev/$device"
done
: >"$scratch/meminfo"
mount --bind "$scratch/meminfo" /proc/meminfo
mount --bind "$scratch/etc" /etc
mount --bind "$scratch/run" /run
mount --bind "$scratch/sys" /sys
mount --rbind "$scratch/dev" /dev
ip link set lo up
echo ready
read -r _ || :
