#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# refusals.sh: bad input, and things that go wrong. A domain that demands SIM does not run then; whoever starts it gets one
# clear line; nothing half done stays behind.
set -euo pipefail
# shellcheck source=SCRIPTDIR/tap.sh
. "$(dirname "$0")/tap.sh"

kernel=$("$testbed/guest/kernels.sh" 6.12)
"$testbed/guest/mkinitrd.sh" "$kernel" "$work/initrd"
name=refused cases=0
run=/run/sim-manager/domains
state=/var/lib/sim-manager

set_element() { virsh -q metadata $name --config --uri "$SIM_XMLNS" --key sim --set "$1" >/dev/null; }
log_says() { grep -qE -- "$1" "$HOST_LOGS/sim-manager.log"; }
manager_up() { virt-sim list >/dev/null 2>&1; }
nobody_runs() { ! pgrep -f "^/usr/lib/qemu-sim/.*guest=$name," >/dev/null; }
start_manager() {
    /usr/sbin/sim-manager >>"$HOST_LOGS/sim-manager.log" 2>&1 &
    wait_until 60 manager_up
}
stop_manager() {
    pkill -f 'org\.simvm\.cli\.VirtSim daemon' || true
    wait_until 20 sh -c "! pgrep -f 'org\.simvm\.cli\.VirtSim daemon'" >/dev/null
}

# refused TEXT PATTERN: `virsh start` fails with one line that matches, and leaves nothing running or lying about
refused() {
    local said
    if said=$(virsh -q start $name 2>&1); then said="it was started"; fi
    # Around our line libvirt prints `Failed to start domain` before, and a blank line after.
    said=$(grep -v "^error: Failed to start domain\|^$" <<<"$said" || true)
    equal "$1: one line" 1 "$(grep -c . <<<"$said")"
    holds "$1: which says what is wrong" "$2" "$said"
    check "$1: it does not run" wait_until 10 nobody_runs
    check "$1: no region is left" wait_until 10 sh -c "[ -z \"\$(ls -A $run 2>/dev/null)\" ]"
}

# with TEXT ELEMENT PATTERN
with() {
    # A name of its own, so that what the log says of it is of this one.
    name=refused-$((++cases))
    domain_define $name "$kernel" "$work/initrd"
    set_element "$2"
    wait_until 10 log_says "$name: (under SIM|its XML is left alone)" || true
    refused "$1" "$3"
    domain_forget $name
}

with "an element that is none" '<sim required="yes"><monitr name="process"/></sim>' 'unknown element <monitr>'
with "a value that is none" '<sim required="yes" gate="wide"/>' "gate"
with "a monitor that is not there" '<sim required="yes"><monitor name="nosuch"/></sim>' "nosuch\.elf for monitor 'nosuch'"
with "a parameter that the monitor has not" \
    '<sim required="yes"><monitor name="process"><parameter name="colour" value="blue"/></monitor></sim>' "colour"
with "a region that is too small" '<sim required="yes"><region size="64" unit="KiB"/></sim>' 'region of 64 KiB is too small'
with "a monitor that is no ELF file" '<sim required="yes"><monitor name="x" file="/etc/passwd"/></sim>' '/etc/passwd: not an ELF file'
with "a monitor that is no monitor" '<sim required="yes"><monitor name="x" file="/bin/true"/></sim>' '/bin/true'

name=refused
domain_define $name "$kernel" "$work/initrd"
domain_watch $name '<sim required="yes"/>'

mkdir -p $run
mount -t tmpfs -o size=1m full $run
refused "no room for the region" '[Nn]o space left|full|does not fit'
umount $run

stop_manager
refused "the manager does not run" 'sim-manager is not reachable'
mv /etc/libvirt/hooks/qemu.d/50-sim "$work/50-sim"
refused "the hook is gone too: the launcher refuses" 'sim: '
mv "$work/50-sim" /etc/libvirt/hooks/qemu.d/50-sim
start_manager

# A QEMU without the device: the real one, asked for a device that it has not.
mv /usr/lib/qemu-sim/qemu-system-x86_64 /usr/lib/qemu-sim/real
cat >/usr/lib/qemu-sim/qemu-system-x86_64 <<'END'
#!/bin/bash
exec /usr/lib/qemu-sim/real "${@//sim-region/sim-region-of-another-version}"
END
chmod 755 /usr/lib/qemu-sim/qemu-system-x86_64
refused "a QEMU without the device" 'sim-region|device model'
mv /usr/lib/qemu-sim/real /usr/lib/qemu-sim/qemu-system-x86_64

check "after all this it starts" domain_start $name
check "and is armed" domain_ready $name 90
equal "really" armed "$(virt-sim info $name -o json | jq -r .state)"

# Resets at every stage of a boot: whatever was under way is undone, and the guest is armed at the next boot.
for pause in 0.3 0.8 1.4 2.2 3.0 1.0 0.1; do
    virsh -q reset $name
    sleep $pause
done
virsh -q reset $name
: >"$(console $name).log"
check "reset again and again while it is armed, it boots" domain_ready $name 120
check "and is armed" wait_until 30 sh -c "virt-sim info $name -o json | jq -e '.state == \"armed\"'"
check "with everything in place" virt-sim check $name
check "it is destroyed" virsh -q destroy $name
check "and leaves nothing behind" wait_until 10 sh -c "[ -z \"\$(ls -A $run)\" ]"
domain_forget $name

# A kernel that cannot be resolved.
mkdir "$work/no-btf"
"$testbed/guest/without-btf.py" "$kernel/vmlinuz" "$work/no-btf/vmlinuz"
domain_define $name "$work/no-btf" "$work/initrd"
domain_watch $name '<sim required="yes"><monitor name="process"/></sim>'
domain_start $name || true
check "a kernel without BTF: the domain that demands SIM does not run on" domain_gone $name 60
holds "a kernel without BTF: the reason is given" 'BTF' "$(virt-sim findings $name -o json; grep $name "$HOST_LOGS/sim-manager.log" | tail -n 5)"
check "a kernel without BTF: its guest never ran a program" sh -c "! grep -qa @ready $(console $name).log"
domain_forget $name
domain_define $name "$work/no-btf" "$work/initrd"
domain_watch $name '<sim><monitor name="process"/></sim>'
check "a kernel without BTF: a domain that does not demand SIM starts" domain_start $name
check "and goes on without" domain_ready $name 90
holds "which is said" 'BTF' "$(virt-sim info $name -o json | jq -r '.failure.reason // .problem')"
domain_forget $name
equal "nothing is demanded of domains that are gone" "" "$(ls $state/required)"
finish
