#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# build-kernel.sh: builds Linux with the series in linux/ for the emulated machine, and KVM's selftests, and
# prints the folder with `bzImage` and `selftests/`. Kept in the cache under a hash of all that went into it.
#
#   build-kernel.sh [--unpatched]     --unpatched: the same configuration without the series and without selftests,
#                                     to compare with
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
scripts=$here/../../scripts
# shellcheck source=SCRIPTDIR/../../scripts/progress.sh
. "$scripts/progress.sh"

kind=sim
case ${1:-} in
    '') ;;
    --unpatched) kind=unpatched ;;
    *) fail "unknown option '$1'; the only one is --unpatched" ;;
esac

# Upstream's own tests of what the series touches, besides the tests that the series brings.
upstream_tests=(smm_test state_test set_sregs_test vmx_dirty_log_test)

tree=$("$scripts/fetch.sh" linux)
version=$(basename "$tree")
key=$(
    {
        echo "$version" "$kind"
        /usr/bin/gcc --version
        cat "$here/l1.config"
        if [ "$kind" = sim ]; then
            echo "${upstream_tests[@]}"
            find "$here/../../linux" -name '*.patch' | sort | xargs cat
        fi
    } | sha256sum | cut -c1-16
)
result="$CACHE/vtx/$version-$kind-$key"
build="$CACHE/build/$version-$kind"
mkdir -p "$CACHE/vtx" "$build"
exec 9>"$CACHE/vtx/lock"
flock 9
if [ -e "$result/bzImage" ]; then
    touch "$result"
    echo "$result"
    exit 0
fi

export CCACHE_DIR="$CACHE/ccache" CCACHE_MAXSIZE=2G CCACHE_BASEDIR="$CACHE" CCACHE_NOHASHDIR=1
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
# The same sources give the same kernel.
export KBUILD_BUILD_TIMESTAMP=1970-01-01 KBUILD_BUILD_USER=sim KBUILD_BUILD_HOST=sim

kernel_make() { nice make -C "$tree" O="$build" CC="ccache gcc" -j "$(nproc)" "$@"; }
# A configuration that lacks what was asked for is an error here, not a test that fails later.
configure() {
    local line
    kernel_make tinyconfig &&
        "$tree/scripts/kconfig/merge_config.sh" -m -O "$build" "$build/.config" "$here/l1.config" >/dev/null &&
        kernel_make olddefconfig || return 1
    while IFS= read -r line; do
        case $line in
            '' | '#'*) ;;
            *=n) if grep -q "^${line%=n}=" "$build/.config"; then echo "$line was not accepted"; return 1; fi ;;
            *) grep -qxF "$line" "$build/.config" || { echo "$line was not accepted"; return 1; } ;;
        esac
    done <"$here/l1.config"
}
selftests() {
    local tests=()
    mapfile -t tests < <(git -C "$tree" diff --name-only upstream sim -- 'tools/testing/selftests/kvm/x86_64/*_test.c' |
        sed 's|.*/\(.*\)\.c$|\1|')
    tests+=("${upstream_tests[@]}")
    # Static: the emulated machine has no C library.
    nice make -s -C "$tree/tools/testing/selftests/kvm" -j "$(nproc)" OUTPUT="$build/selftests" CC="ccache gcc" \
        KHDR_INCLUDES="-isystem $build/usr/include" LDFLAGS="-static -pthread -no-pie" \
        "${tests[@]/#/$build/selftests/x86_64/}" || return 1
    mkdir -p "$staging/selftests"
    local test
    for test in "${tests[@]}"; do strip -o "$staging/selftests/$test" "$build/selftests/x86_64/$test"; done
}

staging=$(mktemp -d "$CACHE/vtx/staging.XXXXXX")
trap 'rm -rf "$staging"' EXIT
if [ "$kind" = sim ]; then
    step "Applying the series to $version" "$scripts/apply.sh" "$tree" linux
    step "Configuring $version" configure
    step "Building $version with the SIM series" kernel_make bzImage
    step "Building the headers for KVM's selftests" kernel_make headers
    step "Building KVM's selftests" selftests
else
    step "Taking the series off $version" git -C "$tree" checkout -q -f --detach upstream
    step "Configuring $version" configure
    step "Building $version without the SIM series" kernel_make bzImage
fi
cp "$build/arch/x86/boot/bzImage" "$staging/"
chmod 755 "$staging"
mv -T "$staging" "$result"
trap - EXIT

# Kernels of older states of the series: keep the three newest of a kind.
find "$CACHE/vtx" -mindepth 1 -maxdepth 1 -type d -name "*-$kind-*" -printf '%T@ %p\n' | sort -rn | tail -n +4 | cut -d' ' -f2- |
    while IFS= read -r old; do rm -rf "$old"; done
echo "$result"
