#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# build.sh: builds QEMU with the series in qemu/ and prints the folder that holds `qemu-system-x86_64`.
# A build is kept in the cache under a hash of all that went into it, and done once.
#
#   build.sh              the emulator
#   build.sh --qtest      the emulator and the series' qtests (in the folder's qtest/)
#   build.sh --tree       print the source tree that is built instead, patched
#   build.sh --weak PATCH the emulator with one more patch: for controls of attacks, a rule less
#
# The binary is a copy outside the build tree: run from there QEMU looks for its firmware in the wrong place.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/progress.sh
. "$here/progress.sh"

want=${1:-}
weak=()
if [ "$want" = --weak ]; then weak=("$(realpath "${2:?which patch: build.sh --weak PATCH}")"); fi
options=(
    --target-list=x86_64-softmmu --without-default-features
    --enable-system --enable-tcg --enable-kvm
    # What a libvirt domain commonly asks for: sandbox, graphics, user networking, native I/O, vhost, TPM.
    --enable-seccomp --enable-fdt=system --enable-pixman --enable-vnc --enable-slirp --enable-linux-aio
    --enable-vhost-kernel --enable-vhost-net --enable-tpm
    --disable-werror --disable-docs --disable-tools --disable-download --disable-install-blobs
    # A prefix of its own: QEMU looks for what lies under its prefix relative to the binary, and the firmware is Debian's.
    --prefix=/usr/lib/qemu-sim --bindir=/usr/lib/qemu-sim --firmwarepath=/usr/share/qemu:/usr/share/seabios:/usr/lib/ipxe/qemu
)

tree=$("$here/fetch.sh")
version=$(cat "$tree/VERSION")
build="$CACHE/build/qemu-$version"
key=$(
    {
        echo "$version" "${options[@]}"
        /usr/bin/gcc --version
        PATH=/usr/bin:/bin meson --version
        find "$here/../qemu" "$here/../build-compat" -name "*.patch" | sort | xargs cat -- ${weak[@]+"${weak[@]}"}
    } | sha256sum | cut -c1-16
)
result="$CACHE/qemu/$version-$key"

mkdir -p "$CACHE/build" "$CACHE/qemu"
exec 9>"$CACHE/build/lock"
flock -n 9 || { say "  … another build of QEMU runs; waiting for it"; flock 9; }

done_already() {
    case $want in
        --tree) false ;;
        --qtest) [ -x "$result/qemu-system-x86_64" ] && [ -d "$result/qtest" ] ;;
        *) [ -x "$result/qemu-system-x86_64" ] ;;
    esac
}
if done_already; then
    touch "$result"
    echo "$result"
    exit 0
fi

export CCACHE_DIR="$CACHE/ccache" CCACHE_MAXSIZE=2G CCACHE_BASEDIR="$CACHE" CCACHE_NOHASHDIR=1
# A python3 or meson that the user put first in PATH would lack what QEMU's configure needs.
export PATH=/usr/lib/ccache:/usr/sbin:/usr/bin:/sbin:/bin

"$here/apply.sh" "$tree"
if [ "$want" = --tree ]; then
    echo "$tree"
    exit 0
fi

staging=
put_back() {
    [ ${#weak[@]} -eq 0 ] || git -C "$tree" checkout -q -f sim
    [ -z "$staging" ] || rm -rf "$staging"
}
trap put_back EXIT
if [ ${#weak[@]} -gt 0 ]; then git -C "$tree" apply "${weak[@]}"; fi

configure() {
    rm -rf "$build"
    mkdir -p "$build"
    cd "$build"
    "$tree/configure" --python=/usr/bin/python3 --cc="ccache gcc" "${options[@]}"
    # As the tree is git's, QEMU writes werror there too, and meson obeys when a patch has it configure anew.
    sed -i '/^werror = true$/d' config-meson.cross
    printf '%s\n' "${options[@]}" >sim-options
}
compile() { nice ninja -C "$build" -j "$(nproc)" "$@"; }

if ! { [ -e "$build/build.ninja" ] && printf '%s\n' "${options[@]}" | cmp -s - "$build/sim-options"; }; then
    step "Configuring QEMU $version" configure
fi
step "Building QEMU $version with the SIM series" compile qemu-system-x86_64

staging=$(mktemp -d "$CACHE/qemu/staging.XXXXXX")
strip -o "$staging/qemu-system-x86_64" "$build/qemu-system-x86_64"
if [ "$want" = --qtest ]; then
    # The qtests that the series itself brings or changes.
    mkdir "$staging/qtest"
    tests=$(git -C "$tree" diff --name-only upstream sim -- 'tests/qtest/*-test.c' | sed 's|.*/\(.*\)\.c$|\1|')
    for test in $tests; do
        step "Building $test" compile "tests/qtest/$test"
        cp "$build/tests/qtest/$test" "$staging/qtest/"
    done
fi
chmod 755 "$staging"
rm -rf "$result"
mv "$staging" "$result"
staging=

# Builds of older states of the series: keep the newest, with a rule less or not.
find "$CACHE/qemu" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %p\n' | sort -rn | tail -n +5 | cut -d' ' -f2- |
    while IFS= read -r old; do rm -rf "$old"; done
echo "$result"
