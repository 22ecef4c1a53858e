#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# private-libvirtd.sh ROOT: runs libvirtd with everything of its own under ROOT, in a mount namespace of its own
# (start it by "unshare --mount"). The system's libvirt is neither seen nor touched, and there is no /dev/kvm.
# The socket is ROOT/run/libvirt-sock; hooks go into ROOT/etc/hooks.
set -e
root=$1
mount --make-rprivate /
mkdir -p "$root/etc/hooks" "$root/lib" "$root/log" "$root/cache" "$root/run" "$root/dev/pts" "$root/dev/shm"
for device in null zero full random urandom tty; do
    : > "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mount --rbind /dev/pts "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"
ln -sf pts/ptmx "$root/dev/ptmx"
mount --rbind "$root/dev" /dev

cat > "$root/etc/qemu.conf" <<END
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
security_default_confined = 0
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
END
cat > "$root/etc/libvirtd.conf" <<END
auth_unix_rw = "none"
auth_unix_ro = "none"
unix_sock_group = "root"
log_outputs = "3:file:$root/log/libvirtd.log"
host_uuid = "5cc1cf4c-1f3f-4a7e-9d5a-0c2f5a9b6f10"
END

mkdir -p /run/libvirt
mount --bind "$root/etc" /etc/libvirt
mount --bind "$root/lib" /var/lib/libvirt
mount --bind "$root/log" /var/log/libvirt
mount --bind "$root/cache" /var/cache/libvirt
mount --bind "$root/run" /run/libvirt
exec /usr/sbin/libvirtd --pid-file "$root/run/libvirtd.pid"
