#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# host-layer.sh [SERIES…]: makes what turns the emulated machine into a host of SIM, for `run-l1.sh --layer`, and prints
# the folder: SIM as packaging/install.sh installs it with the patched QEMU, a Java for it, this testbed at /sim, and
# guests of the kernels SERIES (default 6.1 6.12) at /sim/guests: vmlinuz, release and initrd with workload and rootkit.
#
# What is built must be built (./dev build); $SIM_QEMU_BUILD is the folder of the built QEMU. What takes long is kept
# in the cache: a Java without what SIM does not use, and an archive of its classes, recorded while sim-manager arms a
# guest on a private host (../host/private-host.sh). Several that run at the same time wait for each other.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
testbed=$(realpath "$here/..")
top=$(realpath "$here/../../..")
# shellcheck source=SCRIPTDIR/../../scripts/progress.sh
. "$here/../../scripts/progress.sh"
[ $# -gt 0 ] || set -- 6.1 6.12
: "${SIM_QEMU_BUILD:?the folder of the built QEMU}"

layer=$CACHE/vtx-layer/layer
mkdir -p "$CACHE/vtx-layer"
exec 9>"$CACHE/vtx-layer/lock"
flock 9

# All of the JDK's standard modules: libraries look for them by name. Without headers, sources and debug symbols.
java_home() { java -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java\.home = //p'; }
make_jre() {
    rm -rf "$1" && "$(java_home)/bin/jlink" --add-modules java.se,jdk.unsupported,jdk.net,jdk.crypto.ec \
        --strip-debug --no-header-files --no-man-pages --output "$1" && "$1/bin/java" -Xshare:dump
}
jre=$CACHE/vtx-layer/jre-$({ java -version 2>&1; java_home; } | sha256sum | cut -c1-12)
if [ ! -e "$jre" ]; then
    step "Making a Java for the emulated machine" make_jre "$jre.new"
    mv "$jre.new" "$jre"
fi

rm -rf "$layer"
mkdir -p "$layer/sim"
QEMU_BUILD=$SIM_QEMU_BUILD "$top/packaging/install.sh" "$layer" >/dev/null
# The archive is good for jars of the time they had when it was made.
find "$layer/usr/share/sim-manager/lib" -name '*.jar' -exec touch -d @1000000000 {} +
mkdir -p "$layer/usr/local/bin" "$layer/usr/local/lib"
cp -al "$jre" "$layer/usr/local/lib/jre"
install -m 755 "$here/jre.sh" "$layer/usr/local/bin/java"
cp -a "$here/../../scripts" "$testbed" "$layer/sim/"

gcc -O2 -static -o "$CACHE/vtx-layer/workload" "$testbed/guest/workload.c"
for series in "$@"; do
    kernel=$("$testbed/guest/kernels.sh" "$series")
    guest=$layer/sim/guests/$series
    mkdir -p "$guest"
    "$testbed/guest/mkinitrd.sh" "$kernel" "$guest/initrd" "$CACHE/vtx-layer/workload" "$("$testbed/rootkit/build.sh" "$kernel")"
    cp "$kernel/vmlinuz" "$kernel/release" "$guest/"
done

classes=$CACHE/vtx-layer/classes-$({
    echo "$jre"
    cat "$here/host-layer.sh" "$here/jre.sh" "$here/record-classes.sh"
    (cd "$layer/usr/share/sim-manager/lib" && sha256sum -- *.jar)
} | sha256sum | cut -c1-16).jsa
if [ ! -e "$classes" ]; then
    series=${*: -1}
    PRIVATE_HOST_MANAGER=no step "Recording the classes that sim-manager loads" \
        "$testbed/host/private-host.sh" "$here/record-classes.sh" "$layer" "$layer/sim/guests/$series" "$classes"
    find "$CACHE/vtx-layer" -maxdepth 1 -name 'classes-*.jsa' ! -path "$classes" -mtime +1 -delete
fi
cp --remove-destination -l "$classes" "$layer/usr/local/lib/jre/lib/sim.jsa" 2>/dev/null || cp "$classes" "$layer/usr/local/lib/jre/lib/sim.jsa"
echo "$layer"
