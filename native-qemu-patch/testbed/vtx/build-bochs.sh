#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# build-bochs.sh: builds Bochs, the emulator whose CPU has VT-x with EPT and VMFUNC, and prints the folder
# that holds `bochs` and the firmware it boots. Done once; kept in the cache under a hash of version, options and patch.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/../../scripts/progress.sh
. "$here/../../scripts/progress.sh"
# shellcheck source=SCRIPTDIR/../../scripts/debian-archive.sh
. "$here/../../scripts/debian-archive.sh"
# shellcheck source=SCRIPTDIR/../../upstream.env
. "$here/../../upstream.env"

options=(
    --with-nogui --disable-docbook --disable-debugger --disable-show-ips
    --enable-x86-64 --enable-cpu-level=6 --enable-vmx=2 --enable-avx --enable-evex --enable-pci
    # Three times as fast as without.
    --enable-handlers-chaining
)

tree=$("$here/../../scripts/fetch.sh" bochs)
key=$({ basename "$tree"; echo "${options[@]}"; cat "$here/bochs.patch"; /usr/bin/gcc --version; } | sha256sum | cut -c1-16)
result="$CACHE/bochs/$(basename "$tree")-$key"
mkdir -p "$CACHE/bochs"
exec 9>"$CACHE/bochs/lock"
flock 9
if [ -x "$result/bochs" ]; then
    echo "$result"
    exit 0
fi

staging=$(mktemp -d "$CACHE/bochs/staging.XXXXXX")
trap 'rm -rf "$staging"' EXIT
configure() {
    cp -r "$tree/." "$staging/build" && cd "$staging/build" && patch -s -p1 <"$here/bochs.patch" &&
        ./configure "${options[@]}" CXXFLAGS=-O2 CFLAGS=-O2
}
compile() { nice make -C "$staging/build" -j "$(nproc)" bochs; }
mkdir "$staging/build"
step "Configuring $(basename "$tree")" configure
step "Building $(basename "$tree")" compile

# BIOS and boot loader: packages that hold files for any machine, unpacked without installing them.
step "Downloading firmware for the emulated machine" archive_unpack "$BOCHS_SUITE" "$staging/firmware" \
    bochsbios vgabios isolinux syslinux-common
mkdir "$staging/result"
strip -o "$staging/result/bochs" "$staging/build/bochs"
for file in usr/share/bochs/BIOS-bochs-latest usr/share/vgabios/vgabios.bin \
    usr/lib/ISOLINUX/isolinux.bin usr/lib/syslinux/modules/bios/ldlinux.c32; do
    cp -L "$staging/firmware/$file" "$staging/result/"
done
chmod 755 "$staging/result"
mv -T "$staging/result" "$result"
echo "$result"
