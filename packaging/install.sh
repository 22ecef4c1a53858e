#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# install.sh DESTDIR: lays out what was built as it will lie on a host (DESTDIR may be /). Build first:
#   mvn package, make -C native-qemu-patch/launcher, make -C libvirt-hook, make -C native-qemu-patch/monitor
# QEMU_BUILD names a build folder of the patched QEMU (default native-qemu-patch/build/qemu); without one, QEMU is left out,
# which is said. Nothing is started or reloaded here.
set -euo pipefail
[ $# = 1 ] || { echo "usage: $0 DESTDIR" >&2; exit 2; }
dest=${1%/}
top=$(cd "$(dirname "$0")/.." && pwd)
share=$dest/usr/share/sim-manager

fail() { echo "install: $*" >&2; exit 1; }

jar=$(find "$top/sim-manager/target" -maxdepth 1 -name 'sim-manager-*.jar' 2>/dev/null | head -n 1 || true)
if [ -z "$jar" ] || [ ! -d "$top/sim-manager/target/lib" ]; then fail "the manager is not built (mvn package)"; fi
[ -e "$top/native-qemu-patch/monitor/build/core.elf" ] || fail "the monitors are not built (make -C native-qemu-patch/monitor)"

make -s -C "$top/native-qemu-patch/launcher" install DESTDIR="$dest"
make -s -C "$top/libvirt-hook" install DESTDIR="$dest"

rm -rf "${share:?}/lib"
install -d "$share/lib" "$share/monitors" "$share/schemas"
install -m 0644 "$jar" "$top"/sim-manager/target/lib/*.jar "$share/lib/"
install -m 0644 "$top"/native-qemu-patch/monitor/build/*.elf "$share/monitors/"
install -D -m 0755 "$top/native-qemu-patch/monitor/build/sim-monitor-process" "$dest/usr/lib/sim-manager/sim-monitor-process"
install -m 0644 "$top"/domain-xml-schemas/schemas/{sim.xsd,sim.rng,catalog.xml} "$share/schemas/"

install -D -m 0755 "$top/packaging/bin/virt-sim" "$dest/usr/bin/virt-sim"
install -D -m 0755 "$top/packaging/bin/sim-manager" "$dest/usr/sbin/sim-manager"
install -d "$dest/usr/share/bash-completion/completions"
SIM_SHARE_DIR=$share "$top/packaging/bin/virt-sim" generate-completion >"$dest/usr/share/bash-completion/completions/virt-sim"
rm -f "$dest"/usr/share/man/man1/virt-sim*
SIM_SHARE_DIR=$share "$top/packaging/bin/virt-sim" generate-man-pages "$dest/usr/share/man"
install -D -m 0644 "$top/packaging/man/sim-manager.8" "$dest/usr/share/man/man8/sim-manager.8"
gzip -9nf "$dest"/usr/share/man/man1/virt-sim*.1 "$dest/usr/share/man/man5/sim-manager.conf.5" "$dest/usr/share/man/man8/sim-manager.8"
install -D -m 0644 "$top/packaging/prometheus/sim-alerts.yml" "$share/prometheus/sim-alerts.yml"
install -D -m 0644 "$top/packaging/grafana/sim-manager.json" "$share/grafana/sim-manager.json"
install -D -m 0644 "$top/packaging/systemd/sim-manager.service" "$dest/usr/lib/systemd/system/sim-manager.service"
install -D -m 0644 "$top/packaging/sysusers.d/sim-manager.conf" "$dest/usr/lib/sysusers.d/sim-manager.conf"
install -D -m 0644 "$top/packaging/tmpfiles.d/sim-manager.conf" "$dest/usr/lib/tmpfiles.d/sim-manager.conf"
install -d "$dest/etc/sim-manager/conf.d"
# Every default, commented out: what is written there later wins, and an upgrade never overwrites it.
[ -e "$dest/etc/sim-manager/sim-manager.conf" ] ||
    sed 's/^[a-z]/#&/' "$top/sim-manager/src/main/resources/org/simvm/settings/sim-manager.conf" >"$dest/etc/sim-manager/sim-manager.conf"

install_apparmor() {
    local abstraction=$dest/etc/apparmor.d/abstractions/libvirt-qemu local_file=$dest/etc/apparmor.d/local/abstractions/libvirt-qemu
    local ours=$top/packaging/apparmor/libvirt-qemu.sim
    if grep -qs 'libvirt-qemu\.d' "$abstraction"; then
        install -D -m 0644 "$ours" "$dest/etc/apparmor.d/abstractions/libvirt-qemu.d/sim"
    else
        install -d "$(dirname "$local_file")"
        touch "$local_file"
        sed -i '/# sim-manager: begin/,/# sim-manager: end/d' "$local_file"
        cat "$ours" >>"$local_file"
    fi
}
install_apparmor

qemu=${QEMU_BUILD:-$top/native-qemu-patch/build/qemu}
if [ -x "$qemu/qemu-system-x86_64" ]; then
    install -D -m 0755 "$qemu/qemu-system-x86_64" "$dest/usr/lib/qemu-sim/qemu-system-x86_64"
else
    echo "install: no patched QEMU in $qemu; set QEMU_BUILD to install it too"
fi
