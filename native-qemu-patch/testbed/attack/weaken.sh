#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# weaken.sh: builds gates and monitors with one rule off each, for the attacks' controls: for each
# weak/NAME.patch, the sources of ../../monitor with that patch are built into
# ../../monitor/build/weak-NAME/. What ships knows nothing of this.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
monitor=$(realpath "$here/../../monitor")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
elfs=(gates.elf core.elf null.elf syscalls.elf)

for patch in "$here"/weak/*.patch; do
    name=$(basename "$patch" .patch)
    into="$monitor/build/weak-$name"
    # Up to date if nothing it is made of is newer.
    if [ -e "$into/built" ]; then
        newer=$(find "$monitor" "$patch" "$0" -path "$monitor/build" -prune -o \
            -type f -newer "$into/built" -print -quit)
        [ -n "$newer" ] || continue
    fi
    rm -rf "$into" "${work:?}/monitor"
    mkdir -p "$into" "$work/monitor"
    tar -C "$monitor" --exclude=./build -c . | tar -C "$work/monitor" -x
    patch -s -d "$work/monitor" -p1 -F0 <"$patch"
    make -s -C "$work/monitor" "${elfs[@]/#/build/}"
    for elf in "${elfs[@]}"; do cp "$work/monitor/build/$elf" "$into/"; done
    touch "$into/built"
done
