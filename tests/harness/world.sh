#!/bin/sh
# Prepares a guest's namespaces; world.rs starts it:
#   unshare -m -n -u -- sh world.sh SCRATCH
# /etc, /run, /sys and /dev have only the files that a test makes there, and /proc/meminfo is a file. The
# script ends with its standard input. Its mounts, links and host name end with it.
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
# Process 1 is the system's own, also where the tests run in a container.
mount -t tmpfs first /proc/1
mkdir /proc/1/ns
ln -s "$(readlink /proc/self/ns/net)" /proc/1/ns/net
ln -s 'pid:[4026531836]' /proc/1/ns/pid
ln -s / /proc/1/root
ip link set lo up
echo ready
read -r _ || :
