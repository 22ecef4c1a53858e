#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vtx.sh FIRMWARE RESULTS [OPTION…] [CLASS…] -- REGION-TO-ATTACK…: the same attacks on the patched KVM, in an emulated CPU with VT-x (../vtx).
# OPTIONs are attack.py's. The emulated machine has no Java: the regions, one for each build of the gates, are written here.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/../../scripts/progress.sh
. "$here/../../scripts/progress.sh"
firmware=$1 results=$2
shift 2
arguments=()
while [ "$1" != -- ]; do arguments+=("$1") && shift; done
shift
monitor=$here/../../monitor/build
"$here/../vtx/build-bochs.sh" >/dev/null
kernel=$("$here/../vtx/build-kernel.sh")
root=$("$here/../vtx/mkroot.sh")
work=$(mktemp -d "$CACHE/vtx-attack.XXXXXX")
trap 'rm -rf "$work"' EXIT
layer=$work/layer
mkdir -p "$layer"/attack/regions "$layer/usr/lib/qemu-sim" "$layer/usr/bin"
cp "$here"/*.py "$here/region.sh" "$layer/attack/"
cp "$firmware" "$layer/attack/machine.bin"
cp "${SIM_QEMU_BUILD:?}/qemu-system-x86_64" "$layer/usr/lib/qemu-sim/"
# Debian's Python of this machine, whose release is the emulated machine's: what attack.py imports, and its libraries.
python=/usr/bin/python3
cp -L $python "$layer/usr/bin/python3"
$python -S -c 'import sys; sys.path[:0] = [sys.argv[1]]; import attack, encodings.utf_8; print("\n".join(
    sorted({m.__file__ for m in list(sys.modules.values()) if getattr(m, "__file__", None)} - {None})))' "$here" |
    while IFS= read -r file; do
        case $file in
            "$here"/*) ;;
            *) mkdir -p "$layer$(dirname "$file")" && cp -L "$file" "$layer$file" ;;
        esac
    done
find "$layer/usr/bin/python3" "$layer/usr/lib" -name '*.so' -exec ldd {} + -o -name python3 -exec ldd {} \; | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p' | sort -u |
    while IFS= read -r library; do
        case $library in */libc.so.*|*/ld-linux*) continue ;; esac
        # /lib is a link there as well.
        folder=$layer$(realpath "$(dirname "$library")")
        mkdir -p "$folder" && cp -L "$library" "$folder/"
    done

# What machine.py passes on, for each build that attack.py uses.
regions() {
    local built name monitor_name numbers
    numbers=$(cd "$here" && $python -c 'from machine import *; print("%x %x %x %x %x %x" % (AREA >> 30, TEXT, RETURN_ADDRESS, TARGET, CURRENT_OFFSET, RAM_SIZE))')
    for built in "$monitor" "$monitor"/weak-*; do
        for monitor_name in null syscalls; do
            name=$(basename "$built" | sed 's/^build$/built/')-$monitor_name
            # shellcheck disable=SC2086 # numbers
            "$@" "$built" "$layer/attack/regions/$name" $numbers "$monitor_name" gates >"$layer/attack/regions/$name.json"
        done
    done
}
step "Writing the regions to attack" regions "$@"
status=0
"$here/../vtx/run-l1.sh" --kernel "$kernel/bzImage" --root "$root" --layer "$layer" --memory 1024 --limit "${ATTACK_VTX_SECONDS:-7200}" --results "$work/results" \
    "$here/l1.sh" ${arguments[@]+"${arguments[@]}"} || status=$?
[ ! -s "$work/results/attacks.json" ] || cp "$work/results/attacks.json" "$results"
exit $status
