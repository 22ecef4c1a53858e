#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# attack.sh [vtx] [CLASS…]: runs the attacks of docs/security.md (A1, A2, …; all, or those named) on TCG, or with `vtx` on the patched KVM in an emulated
# CPU, of those that need no Linux a dozen variants of each ($ATTACK_AT_MOST); shows what became of them.
# Needs a built monitor, manager and QEMU ($SIM_QEMU_BUILD); `./dev attack` sees to it. Report: target/reports/attack.json.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../.."
# shellcheck source=SCRIPTDIR/../../scripts/progress.sh
. "$here/../../scripts/progress.sh"
# shellcheck source=SCRIPTDIR/../host/changes.sh
. "$here/../host/changes.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

firmware() {
    gcc -c "$here/machine.S" -o "$work/machine.o"
    ld -Ttext=0xffff0000 --oformat binary -o "$work/machine.bin" "$work/machine.o"
}
writer=sim-manager/target/test-classes/org/simvm/region/RegionToAttack.class
step "Building the machine to attack" firmware
step "Building gates with one rule off" "$here/weaken.sh"
if [ ! -e "$writer" ] || [ -n "$(find sim-manager/src -newer "$writer" -name '*.java' -print -quit)" ]; then
    step "Building what writes its region" mvn -q -B test-compile -pl sim-manager -am
    touch "$writer"
fi
region_to_attack=(java -XX:+UseSerialGC -XX:TieredStopAtLevel=1
    -cp "sim-manager/target/test-classes:sim-manager/target/classes:sim-manager/target/lib/*" org.simvm.region.RegionToAttack)
vtx=no
if [ "${1:-}" = vtx ]; then vtx=yes && shift; fi

# Which classes: those of attack.py, and those that take a Linux kernel.
with_linux='A19 A20 A22 A26 A29b A30b A32b'
bare=() debian=no
[ $# -gt 0 ] || debian=yes
for class in "$@"; do
    if [[ " $with_linux " == *" $class "* ]]; then debian=yes; else bare+=("$class"); fi
done

# report PART FILE: puts a part into the report; others stay as the run that made them left them
report=target/reports/attack.json
mkdir -p target/reports
report() {
    [ -s "$report" ] || echo '{"tcg": {}, "vtx": {}, "false_alarms": null}' >"$report"
    jq --arg part "$1" --slurpfile found "$2" '.[$part] = (.[$part] // {}) + $found[0]' "$report" >"$work/report" && cp "$work/report" "$report"
}
# report_debian PART FILE: what debian.sh left
report_debian() {
    jq .attacks "$2" >"$work/attacks"
    report "$1" "$work/attacks"
    jq --argjson alarms "$(jq .false_alarms "$2")" '.false_alarms = $alarms' "$report" >"$work/report" && cp "$work/report" "$report"
}
# The kernel and its initrd: what debian.sh boots
guest() {
    local kernel paths files
    kernel=$("$here/../guest/kernels.sh" 6.12)
    mkdir "$work/guest"
    paths=$(change_files "$kernel" "$work") || return
    mapfile -t files <<<"$paths"
    "$here/../guest/mkinitrd.sh" "$kernel" "$work/guest/initrd" --disk "${files[@]}" \
        "$("$here/../rootkit/build.sh" "$kernel")" "$("$here/../rootkit/build.sh" "$kernel" "$here/../rootkit/bypass.c")"
    cp "$kernel/vmlinuz" "$kernel/release" "$work/guest/"
}
[ $debian = no ] || step "Preparing a guest of Debian" guest
failed=0
if [ $vtx = yes ]; then
    # Side by side, each on a core of its own; what the second says is shown from when the first has ended.
    if [ $debian = yes ]; then
        "$here/debian-vtx.sh" "$work/debian" "$work/guest" >"$work/debian.log" 2>&1 & debian_vtx=$!
    fi
    if [ $# -eq 0 ] || [ ${#bare[@]} -gt 0 ]; then
        "$here/vtx.sh" "$work/machine.bin" "$work/results" --at-most "${ATTACK_AT_MOST:-12}" ${bare[@]+"${bare[@]}"} -- "${region_to_attack[@]}" || failed=1
        [ ! -s "$work/results" ] || report vtx "$work/results"
    fi
    if [ $debian = yes ]; then
        tail -n +1 -f -s 0.2 --pid="$debian_vtx" "$work/debian.log"
        wait "$debian_vtx" || failed=1
        [ ! -s "$work/debian" ] || report_debian vtx "$work/debian"
    fi
    say "$report: $(jq -r '"\(.vtx | length) classes on VT-x, \([.vtx[].tried] | add) attacks, \([.vtx[].stopped] | add) stopped"' "$report")"
    exit $failed
fi
[ $# -gt 0 ] || rm -f "$report"
if [ $# -eq 0 ] || [ ${#bare[@]} -gt 0 ]; then
    weak=()
    if [ $# -eq 0 ] || [[ " ${bare[*]} " =~ " "A(12|13|28b?)" " ]]; then
        weak=(--weak-qemu "$("$here/../../scripts/build.sh" --weak "$here/exceptions-delivered.patch")/qemu-system-x86_64")
    fi
    python3 "$here/attack.py" ${weak[@]+"${weak[@]}"} "${SIM_QEMU_BUILD:?}/qemu-system-x86_64" native-qemu-patch/monitor/build "$work/machine.bin" "$work" \
        "$work/results" ${bare[@]+"${bare[@]}"} -- "${region_to_attack[@]}" || failed=1
    [ ! -s "$work/results" ] || report tcg "$work/results"
fi
if [ $debian = yes ]; then
    # On the private host, only what is in the checkout stays.
    found=$PWD/target/reports/attack-debian.json
    rm -f "$found"
    PRIVATE_HOST_KEEP_LOGS=$PWD/target/reports/logs "$here/../host/private-host.sh" "$here/debian.sh" "$found" "$work/guest" || failed=1
    [ ! -s "$found" ] || report_debian tcg "$found"
fi
say "$report: $(jq -r '"\(.tcg | length) classes on TCG, \([.tcg[].tried] | add) attacks, \([.tcg[].stopped] | add) stopped; \(.false_alarms) false alarms"' "$report")"
exit $failed
