#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# build.sh KERNEL [SOURCE.c]: builds rootkit.c (or another module of one source file) for the kernel in the folder
# KERNEL (as kernels.sh prints it) with this machine's compiler, and prints the module's path.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/../../scripts/progress.sh
. "$here/../../scripts/progress.sh"

kernel=${1:?which kernel: build.sh FOLDER [SOURCE.c]}
source=$(realpath "${2:-$here/rootkit.c}")
name=$(basename "$source" .c)
release=$(cat "$kernel/release")
into="$kernel/built/$name-$(sha256sum "$source" | cut -c1-16)"
headers="$kernel/headers/src/linux-headers-$release"

if [ -e "$into/$name.ko" ]; then
    echo "$into/$name.ko"
    exit 0
fi
work=$(mktemp -d "$CACHE/kernels/module.XXXXXX")
trap 'rm -rf "$work"' EXIT
cp "$source" "$work/"
echo "obj-m := $name.o" >"$work/Makefile"

# What the kernel's own, newer compiler could do and this one cannot. (Given on the command line, a
# variable overrides the kernel's recorded configuration.)
overrides=()
without() { # without OPTION CONFIG: this compiler does not know OPTION, so build as if CONFIG were off
    if ! gcc -Werror "$1" -x c -c /dev/null -o /dev/null 2>/dev/null; then overrides+=("$2="); fi
}
without -fmin-function-alignment=16 CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT

compile() {
    # BTF of a module is of no use here, and needs the matching vmlinux and a newer pahole.
    make -C "$headers" M="$work" CC=gcc HOSTCC=gcc CONFIG_DEBUG_INFO_BTF_MODULES= CONFIG_DEBUG_INFO_BTF= \
        ${overrides[@]+"${overrides[@]}"} modules
}
step "Building $name.ko for $release" compile
mkdir -p "$into"
strip --strip-debug -o "$into/$name.ko.new" "$work/$name.ko"
mv "$into/$name.ko.new" "$into/$name.ko"
echo "$into/$name.ko"
