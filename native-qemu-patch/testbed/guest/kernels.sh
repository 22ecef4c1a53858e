#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels.sh KERNEL...: puts Debian's kernels into the cache and prints one folder for each. KERNEL
# is a series, and a flavour if it is not the cloud kernel: 6.1, 6.12-full.
#
#   5.10    Debian 11's   6.1   Debian 12's   6.12   Debian 13's   7   sid's newest
#   full    amd64                rt      PREEMPT_RT           i386    a 32-bit kernel, 686-pae
#
# A folder holds `vmlinuz`, `modules/` (the kernel's lib/modules/RELEASE) and `release`; a cloud
# kernel's also `headers/` (what a module is built with) and `toolchain/` (libraries that the
# suite's own build tools run with); one for 32 bits `busybox`.
# A kernel is fetched once; --newest asks the archive for a newer one.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/../../scripts/progress.sh
. "$here/../../scripts/progress.sh"
# shellcheck source=SCRIPTDIR/../../scripts/debian-archive.sh
. "$here/../../scripts/debian-archive.sh"

newest=no
if [ "${1:-}" = --newest ]; then newest=yes; shift; fi
[ $# -gt 0 ] || fail "which kernels? kernels.sh 6.1 6.12 7"

suite_of() {
    case $1 in
        5.10) echo bullseye ;;
        6.1) echo bookworm ;;
        6.12) echo trixie ;;
        7) echo sid ;;
        *) fail "no kernel series '$1': choose from 5.10, 6.1, 6.12 and 7" ;;
    esac
}

# How the names of a flavour's releases end.
ending_of() {
    case $1 in
        cloud) echo -cloud-amd64 ;;
        full) echo -amd64 ;;
        rt) echo -rt-amd64 ;;
        i386) echo -686-pae ;;
        *) fail "no kernel flavour '$1': choose from cloud, full, rt and i386" ;;
    esac
}

# Releases that the suite lists, newest first: `6.12.48+deb13-cloud-amd64` and so on. None of a backport.
releases() { # releases SUITE SERIES ENDING
    archive_apt "$1" apt-cache pkgnames linux-image- |
        sed -n "s/^linux-image-\(${2//./\\.}\.[0-9][^ -]*\(-[0-9]*\)\?$3\)$/\1/p" | sort -Vr
}

fetch() { # fetch SUITE RELEASE INTO
    local suite=$1 release=$2 into=$3 abi=${2%-cloud-amd64} kbuild
    local packages=("linux-image-$release")
    # Newer suites split the image: linux-image-… is empty there, and these hold the kernel and its modules.
    mapfile -t -O 1 packages < <(archive_apt "$suite" apt-cache pkgnames linux- |
        grep -xF -e "linux-binary-$release" -e "linux-modules-$release")
    if [ "$abi" != "$release" ]; then
        kbuild=$(archive_apt "$suite" apt-cache depends "linux-headers-$release" | sed -n 's/.*Depends: \(linux-kbuild-.*\)/\1/p' | head -n 1)
        packages+=("linux-headers-$release" "linux-headers-$abi-common" "$kbuild")
    fi
    archive_unpack "$suite" "$into/root" "${packages[@]}" || return 1
    if [[ $suite == *-i386 ]]; then
        archive_unpack "$suite" "$into/root" busybox-static
        mv "$into/root/bin/busybox" "$into/busybox"
    fi
    [ "$abi" != "$release" ] || return 0
    # objtool and modpost of a newer suite need that suite's C library.
    archive_unpack "$suite" "$into/toolchain" libc6 zlib1g libzstd1 "$(archive_apt "$suite" apt-cache pkgnames libelf1 | grep -xE 'libelf1(t64)?' | sort | tail -n 1)"
}

# The headers name each other by /usr/…; tools that this machine's C library is too old for get a wrapper.
relocate() { # relocate WHERE-IT-IS WHERE-IT-WILL-BE
    local tool
    grep -rl --include=Makefile --include=.kernelvariables /usr/src "$1"/headers/src | xargs -r sed -i "s|/usr/src/|$2/headers/src/|g"
    find "$1"/headers/lib -path '*/linux-kbuild-*' -type f -perm -u+x ! -name '*.elf' | while IFS= read -r tool; do
        # Not `ldd | grep -q`: with pipefail that fails when grep, having found it, ends before ldd.
        if [ "$(head -c 4 "$tool" | tail -c 3)" = ELF ] && [[ $(ldd "$tool" 2>&1) == *"not found"* ]]; then
            mv "$tool" "$tool.elf"
            # shellcheck disable=SC2016 # the wrapper expands them
            printf '#!/bin/sh\nlib=%s/toolchain/usr/lib/x86_64-linux-gnu\nexec "$lib/ld-linux-x86-64.so.2" --library-path "$lib" "$0.elf" "$@"\n' "$2" >"$tool"
            chmod 755 "$tool"
        fi
    done
}

for kernel in "$@"; do
    series=${kernel%%-*} flavour=cloud
    [ "$series" = "$kernel" ] || flavour=${kernel#*-}
    suite=$(suite_of "$series")
    ending=$(ending_of "$flavour")
    [ "$flavour" != i386 ] || suite+=-i386
    folder="$CACHE/kernels/$kernel"
    mkdir -p "$CACHE/kernels"
    exec 9>"$CACHE/kernels/lock"
    flock 9
    if [ -e "$folder/complete" ] && [ $newest = no ]; then
        echo "$folder"
        continue
    fi
    archive_update "$suite" || fail "the package lists of $DEBIAN_MIRROR cannot be read: check the network, or set SIM_DEBIAN_MIRROR"
    got=
    for release in $(releases "$suite" "$series" "$ending"); do
        if [ -e "$folder/complete" ] && [ "$(cat "$folder/release")" = "$release" ]; then got=$release; break; fi
        work=$(mktemp -d "$CACHE/kernels/fetch.XXXXXX")
        if step "Downloading Debian's kernel $release" fetch "$suite" "$release" "$work"; then got=$release; break; fi
        say "  $release is listed but not served; trying the next"
        rm -rf "$work"
    done
    [ -n "$got" ] || fail "Debian $suite serves no kernel $series$ending"
    if [ -n "${work:-}" ] && [ -d "$work" ]; then
        mv "$(find "$work/root" -name "vmlinuz*" -type f | head -n 1)" "$work/vmlinuz"
        if [ -d "$work/root/usr/lib/modules/$got" ]; then mv "$work/root/usr/lib/modules/$got" "$work/modules"
        else mv "$work/root/lib/modules/$got" "$work/modules"; fi
        if [ "$flavour" = cloud ]; then
            mv "$work/root/usr" "$work/headers"
            [ ! -d "$work/root/lib" ] || cp -a "$work/root/lib/." "$work/headers/lib/"
            relocate "$work" "$folder"
        fi
        rm -rf "$work/root"
        echo "$got" >"$work/release"
        touch "$work/complete"
        chmod 755 "$work"
        rm -rf "$folder"
        mv "$work" "$folder"
    fi
    echo "$folder"
done
