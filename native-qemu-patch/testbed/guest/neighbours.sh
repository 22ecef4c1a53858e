#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# neighbours.sh RULES: in a guest with AppArmor, has two domains with the profiles that libvirt makes
# for them, and RULES added, and a program in place of their QEMU, which its guest took over. Prints
# what the first may do with its own run directory, and what with the other's.
set -eu
first=11111111-1111-1111-1111-111111111111 second=22222222-2222-2222-2222-222222222222
runs=/run/sim-manager/domains
qemu=/usr/lib/qemu-sim/qemu-system-x86_64
as_qemu='setpriv --reuid 64055 --regid 64055 --clear-groups'

install -D -m 755 /bin/dd "$qemu"
install -d -m 711 /run/sim-manager "$runs"
install -D -m 644 "$1" /etc/apparmor.d/local/abstractions/libvirt-qemu
for uuid in $first $second; do
    install -d -o 64055 -g 64055 -m 700 "$runs/libvirt-$uuid"
    install -o 64055 -g 64055 -m 600 /dev/null "$runs/libvirt-$uuid/region"
    profile=/etc/apparmor.d/libvirt/libvirt-$uuid
    sed "s/LIBVIRT_TEMPLATE/libvirt-$uuid/" /etc/apparmor.d/libvirt/TEMPLATE.qemu >"$profile"
    apparmor_parser -r "$profile"
done

tried() { # tried WORD ARGUMENT…: dd with these arguments
    word=$1
    shift
    # shellcheck disable=SC2086
    ! $as_qemu aa-exec -p libvirt-$first -- $qemu "$@" 2>/dev/null || printf ' %s' "$word"
}
of() { # of UUID
    tried read "if=$runs/libvirt-$1/region" of=/dev/null
    tried write if=/dev/zero "of=$runs/libvirt-$1/region" bs=1 count=1 conv=notrunc
    tried socket if=/dev/null "of=$runs/libvirt-$1/qmp.sock"
}
own=$(of $first) neighbours=$(of $second)
echo "own:${own:- -}, neighbour's:${neighbours:- -}"
