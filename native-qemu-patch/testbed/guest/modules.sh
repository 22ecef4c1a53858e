# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# modules.sh: for sourcing. The modules of an initrd: ROOT/modules/NAME.ko, and their order in ROOT/modules/order.
#
#   add_module KERNEL ROOT NAME     takes NAME of the kernel in the folder KERNEL (kernels.sh), after what it depends on;
#                                   one that is built into the kernel is found nowhere, and not needed

add_module() {
    local kernel=$1 root=$2 name=$3 file found dependency
    file=$(find "$kernel/modules" -name "$name.ko*" | head -n 1)
    [ -n "$file" ] || file=$(find "$kernel/modules" -name "${name//_/-}.ko*" | head -n 1)
    if [ -z "$file" ] || grep -qx "$name.ko" "$root/modules/order"; then return 0; fi
    found="$root/modules/$name.ko"
    case $file in
        *.xz) xz -dc "$file" >"$found" ;;
        *) cp "$file" "$found" ;;
    esac
    for dependency in $(modinfo -F depends "$found" | tr , ' '); do add_module "$kernel" "$root" "$dependency"; done
    echo "$name.ko" >>"$root/modules/order"
}
