#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mkimage.sh: makes a disk with a real Debian user space (systemd, dbus, logind, apt) and prints its
# path: an ext4 file system without partitions or kernel. It is made once and kept in the cache; use
# a copy. A unit of ours runs `console` on the first serial port. Becomes root through sudo, for
# debootstrap.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/../../scripts/progress.sh
. "$here/../../scripts/progress.sh"
# shellcheck source=SCRIPTDIR/../../scripts/debian-archive.sh
. "$here/../../scripts/debian-archive.sh"
# shellcheck source=SCRIPTDIR/../../scripts/root.sh
. "$here/../../scripts/root.sh"
export PATH=$PATH:/usr/sbin:/sbin

suite=bookworm
digest=$(cat "$0" "$here/console" "$here/workload.c" | sha256sum | cut -c1-12)
image="$CACHE/images/debian-$suite-$digest.ext4"
mkdir -p "$CACHE/images"
if [ -e "$image" ]; then echo "$image"; exit 0; fi
# Before the lock is taken: sudo would hold on to it.
as_root "$0" "$@"
exec 9>"$CACHE/images/lock"
flock 9
if [ -e "$image" ]; then echo "$image"; exit 0; fi

work=$(mktemp -d "$CACHE/images/make.XXXXXX")
trap 'rm -rf "$work"' EXIT

bootstrap() {
    # In a mount namespace, so that nothing it mounts is left behind.
    unshare --mount --propagation private debootstrap --variant=minbase \
        --include=systemd,systemd-sysv,dbus,udev,kmod,procps,iproute2,apparmor \
        "$suite" "$work/root" "$DEBIAN_MIRROR"
}
step "Making a Debian $suite disk" bootstrap ||
    fail "debootstrap failed: is $DEBIAN_MIRROR within reach?"

# Without libvirt's daemon, which needs a hundred packages more.
libvirt_profiles() {
    chroot "$work/root" sh -c \
        'cd /tmp && apt-get -q update && apt-get -q download libvirt-daemon-system'
    dpkg-deb --fsys-tarfile "$work"/root/tmp/libvirt-daemon-system_*.deb |
        tar -x -C "$work/root" ./etc/apparmor.d
    rm "$work"/root/tmp/libvirt-daemon-system_*.deb
    # A profile for a daemon that is not there
    rm -f "$work"/root/etc/apparmor.d/usr.*
}
step "Adding libvirt's AppArmor profiles" libvirt_profiles ||
    fail "can't get libvirt's AppArmor profiles"

gcc -O2 -static -o "$work/root/usr/local/bin/workload" "$here/workload.c"
install -m 755 "$here/console" "$work/root/usr/local/sbin/sim-console"
cat >"$work/root/etc/systemd/system/sim-console.service" <<'END'
[Unit]
Description=Commands from the test host on the first serial port
After=multi-user.target

[Service]
ExecStart=/usr/local/sbin/sim-console
StandardInput=null

[Install]
WantedBy=multi-user.target
END
ln -s ../sim-console.service "$work/root/etc/systemd/system/multi-user.target.wants/"
# The port is ours alone: no login on it.
ln -s /dev/null "$work/root/etc/systemd/system/serial-getty@ttyS0.service"
ln -sf /dev/null "$work/root/etc/systemd/system/getty@tty1.service"
echo sim-debian >"$work/root/etc/hostname"
echo '/dev/vda / ext4 errors=remount-ro 0 1' >"$work/root/etc/fstab"
rm -rf "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/apt/lists/*

truncate -s 1G "$work/image"
step "Writing its file system" mke2fs -q -t ext4 -d "$work/root" "$work/image"
mv "$work/image" "$image"
give_back "$CACHE/images"
echo "$image"
