#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# attack.sh [CLASS…]: runs the attacks of docs/security.md (A1, A2, …; all that there are, or those named) on TCG, and shows what became of
# them. Needs a built monitor, manager and QEMU ($SIM_QEMU_BUILD); `./dev attack` sees to it. Report: target/reports/attack.json.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../.."
# shellcheck source=SCRIPTDIR/../../scripts/progress.sh
. "$here/../../scripts/progress.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

firmware() {
    gcc -c "$here/machine.S" -o "$work/machine.o"
    ld -Ttext=0xffff0000 --oformat binary -o "$work/machine.bin" "$work/machine.o"
}
writer=sim-manager/target/test-classes/org/simvm/region/RegionToAttack.class
step "Building the machine to attack" firmware
step "Building gates with a rule less" make -s -C native-qemu-patch/monitor weak
if [ ! -e "$writer" ] || [ -n "$(find sim-manager/src -newer "$writer" -name '*.java' -print -quit)" ]; then
    step "Building what writes its region" mvn -q -B test-compile -pl sim-manager -am
    touch "$writer"
fi
mkdir -p target/reports
python3 "$here/attack.py" "${SIM_QEMU_BUILD:?}/qemu-system-x86_64" native-qemu-patch/monitor/build "$work/machine.bin" "$work" \
    target/reports/attack.json "$@" -- \
    java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "sim-manager/target/test-classes:sim-manager/target/classes:sim-manager/target/lib/*" \
    org.simvm.region.RegionToAttack
