#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mkroot.sh: makes the root of the emulated machine, a small Debian of this machine's own release with libvirt's daemon
# and what the patched QEMU and the tests need, and prints the path of the file system (ext4, to be mounted read-only).
# Its release is this machine's, so that programs which were built here run there. Made once and kept in the cache; SIM
# is not in it (host-layer.sh). Becomes root through sudo, for debootstrap.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/../../scripts/progress.sh
. "$here/../../scripts/progress.sh"
# shellcheck source=SCRIPTDIR/../../scripts/debian-archive.sh
. "$here/../../scripts/debian-archive.sh"
# shellcheck source=SCRIPTDIR/../../scripts/root.sh
. "$here/../../scripts/root.sh"
export PATH=$PATH:/usr/sbin:/sbin

suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
[ -n "$suite" ] || fail "/etc/os-release names no Debian release"
# Of the libraries that QEMU links (scripts/build.sh) only names without a version are written here.
packages=(
    libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients seabios qemu-system-data ipxe-qemu
    jq iproute2 procps kmod libpixman-1-0 libslirp0 libseccomp2 libfdt1 libglib2.0-0 libaio1 libnuma1
)
[ "$suite" = bookworm ] || packages=("${packages[@]/%libglib2.0-0/libglib2.0-0t64}")
[ "$suite" = bookworm ] || packages=("${packages[@]/%libaio1/libaio1t64}")

image="$CACHE/vtx-root/debian-$suite-$(sha256sum "$0" | cut -c1-12).ext4"
mkdir -p "$CACHE/vtx-root"
if [ -e "$image" ]; then echo "$image"; exit 0; fi
# Before the lock is taken: sudo would hold on to it.
as_root "$0" "$@"
exec 9>"$CACHE/vtx-root/lock"
flock 9
if [ -e "$image" ]; then echo "$image"; exit 0; fi

work=$(mktemp -d "$CACHE/vtx-root/make.XXXXXX")
trap 'rm -rf "$work"' EXIT
bootstrap() {
    # In a mount namespace, so that nothing it mounts is left behind.
    unshare --mount --propagation private debootstrap --variant=minbase \
        --include="$(IFS=,; echo "${packages[*]}")" "$suite" "$work/root" "$DEBIAN_MIRROR"
}
step "Making a Debian $suite root for the emulated machine" bootstrap ||
    fail "debootstrap failed: is $DEBIAN_MIRROR within reach?"

# What no program reads: the smaller, the fewer seconds are spent on emulated disk accesses of `find` and the like.
rm -rf "$work"/root/var/cache/apt/* "$work"/root/var/lib/apt/lists/* "$work"/root/usr/share/{doc,man,info,locale}/*
echo sim-l1 >"$work/root/etc/hostname"
# libvirtd insists on these; Debian makes them with the services, which are not installed.
chroot "$work/root" sh -c 'getent group kvm || groupadd --system kvm; getent group libvirt || groupadd --system libvirt
    getent passwd libvirt-qemu || useradd --system --user-group --groups kvm --no-create-home --shell /usr/sbin/nologin libvirt-qemu' >/dev/null

mib=$(($(du -sm "$work/root" | cut -f1) * 11 / 10 + 32))
truncate -s "${mib}M" "$work/image"
step "Writing its file system ($mib MiB)" mke2fs -q -t ext4 -O ^has_journal -m 0 -d "$work/root" "$work/image"
chmod 644 "$work/image"
mv "$work/image" "$image"
find "$CACHE/vtx-root" -name '*.ext4' ! -path "$image" -mtime +7 -delete
give_back "$CACHE/vtx-root"
echo "$image"
