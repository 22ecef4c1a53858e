#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mkinitrd.sh KERNEL OUT [--disk] [FILE…]: writes the initrd of a test guest for the kernel in the folder KERNEL
# (as kernels.sh prints it): busybox, `init` and `console` from here, what --disk needs (virtio block, the power button), and each FILE
# as /FILE (`NAME=FILE`: as /NAME). A FILE called `script` is run when the guest is up.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
kernel=${1:?which kernel: mkinitrd.sh FOLDER OUT [--disk] [FILE…]}
out=${2:?where to: mkinitrd.sh FOLDER OUT [--disk] [FILE…]}
shift 2
busybox=$(PATH=/bin:/usr/bin command -v busybox) || { echo "mkinitrd.sh: no busybox: install busybox-static" >&2; exit 1; }

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
export PATH=$PATH:/usr/sbin:/sbin
mkdir -p "$root"/{bin,modules}
[ ! -e "$kernel/busybox" ] || busybox=$kernel/busybox
cp "$busybox" "$root/bin/busybox"
install -m 755 "$here/init" "$here/console" "$root/"
: >"$root/modules/order"

# shellcheck source=SCRIPTDIR/modules.sh
. "$here/modules.sh"
for file in "$@"; do
    case $file in
        --disk) for module in virtio_pci virtio_blk button evdev; do add_module "$kernel" "$root" "$module"; done ;;
        *=*) cp "${file#*=}" "$root/${file%%=*}" ;;
        *) cp "$file" "$root/$(basename "$file")" ;;
    esac
done
(cd "$root" && find . | LC_ALL=C sort | cpio -o -H newc --quiet | gzip -1) >"$out.new"
mv "$out.new" "$out"
