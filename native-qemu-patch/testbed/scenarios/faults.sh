#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# faults.sh [CASE…]: what can be wrong before a guest is armed, provoked for real. Each time: one clear line, the fate that the domain's
# `required` asks for, and nothing left behind. The cases are the functions below whose names begin with `case_`.
# shellcheck disable=SC2119 # manager_stop and manager_start do without arguments
set -euo pipefail
# shellcheck source=SCRIPTDIR/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=SCRIPTDIR/../host/manager.sh
. "$testbed/host/manager.sh"

real_qemu=/usr/lib/qemu-sim/qemu-system-x86_64
hook=/etc/libvirt/hooks/qemu.d/50-sim

has_settled() { [[ $(sim_state "$1") =~ ^(inactive|invalid)$ ]]; }
start_plain() { virsh -q start "$1"; }
start_says() { said=$(timeout 40 virsh -q start "$1" 2>&1) && status=0 || status=$?; }

# --- domains ----------------------------------------------------------------------------------------------------

# A machine with firmware and nothing to boot from but, if it is given, a disk.
machine() { # machine NAME SIM-ELEMENT [DISK]
    local disk=''
    [ $# -lt 3 ] || disk="<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='$3'/><target dev='hda' bus='ide'/></disk>"
    cat >"$work/$1.xml" <<END
<domain type='${TYPE:-qemu}'>
  <name>$1</name>
  <metadata>$2</metadata>
  <memory unit='MiB'>64</memory>
  <vcpu>${VCPUS:-1}</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <emulator>${EMULATOR:-/usr/bin/qemu-system-x86_64-sim}</emulator>
    $disk
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
</domain>
END
    virsh -q define "$work/$1.xml"
}

sim() { # sim REQUIRED [CONTENT]
    echo "<sim:sim xmlns:sim='$SIM_XMLNS' required='$1'>${2-<sim:monitor name='syscalls'/>}</sim:sim>"
}

# refused NAME TEXT PATTERN [HOW]: the start of a domain that requires SIM is refused with that line.
refused() {
    local uuid how=${4-required}
    uuid=$(uuid_of "$1")
    start_says "$1"
    equal "$2, $how: it does not start" "1 shut off" "$status $(virsh -q domstate "$1")"
    one_line "$2, $how: virsh" "$3" "$said"
    nothing_left "$2, $how" "$1" "$uuid"
}

# unwatched NAME TEXT STATE PATTERN: a domain that does not require SIM runs; list shows STATE, info says why.
unwatched() {
    local uuid
    uuid=$(uuid_of "$1")
    mark
    start_says "$1"
    equal "$2, not required: it starts" "0 running" "$status $(virsh -q domstate "$1")$said"
    check "$2, not required: it counts as $3" reaches "$1" "$3" 10
    holds "$2, not required: 'virt-sim info' says why" "$4" "$(sim_problem "$1")"
    one_line "$2, not required: the log" "$4" "$(told_of "$1")"
    virsh -q destroy "$1" || true
    nothing_left "$2, not required" "$1" "$uuid"
}

# both TEXT STATE PATTERN CONTENT: what both kinds of domain do with the same content of the
# element. STATE `forbidden`: it can't be understood, and neither starts.
both() {
    machine f-yes "$(sim yes "$4")"
    machine f-no "$(sim no "$4")"
    check "$1: libvirt's event of the last domain arrives" wait_until 10 has_settled f-no
    refused f-yes "$1" "$3"
    if [ "$2" = forbidden ]; then
        refused f-no "$1" "$3" "not required"
        check "$1: list says that it is invalid" has_state f-no invalid
    else
        unwatched f-no "$1" "$2" "$3"
    fi
    forget f-yes
    forget f-no
}

# --- bad input --------------------------------------------------------------------------------------------------

case_xml() {
    both "a misspelt element" forbidden ':6:7: unknown element <monitr>.*spelling' "<sim:monitr name='syscalls'/>"
    EMULATOR=$real_qemu machine f-set ''
    check "a domain without the element is known" reaches f-set none 10
    said=$(sim yes "<sim:monitr name='syscalls'/>" | virt-sim apply f-set --file - 2>&1) && status=0 || status=$?
    equal "virt-sim apply refuses it" 1 "$status"
    one_line "virt-sim apply" 'monitr' "$said"
    forget f-set
}

case_monitor() {
    both "an unknown monitor" invalid 'no /usr/share/sim-manager/monitors/syscals.elf for monitor .syscals.; correct its name' "<sim:monitor name='syscals'/>"
    echo "no ELF file" >"$work/monitor.elf"
    both "a monitor that is no ELF file" invalid "$work/monitor.elf: not an ELF file; name" "<sim:monitor name='own' file='$work/monitor.elf'/>"
    head -c 5000 /usr/share/sim-manager/monitors/syscalls.elf >"$work/monitor.elf"
    both "a monitor that is cut off" invalid "$work/monitor.elf: .*beyond the end of the file; build or install it again" "<sim:monitor name='own' file='$work/monitor.elf'/>"
    both "an unknown parameter" forbidden 'monitor syscalls has no parameter speed; it has calls' "<sim:monitor name='syscalls'><sim:parameter name='speed' value='9'/></sim:monitor>"
}

case_region() {
    both "a region of 64 KiB" forbidden 'region of 64 KiB is too small; give it 1 MiB or more' "<sim:region size='64' unit='KiB'/><sim:monitor name='syscalls'/>"
    VCPUS=64 both "a region that is too small for its monitors" unprotected 'region' "<sim:region size='1' unit='MiB'/><sim:monitor name='syscalls'/><sim:monitor name='process'/>"
}

case_kvm() {
    # libvirt offers no KVM here, so it refuses such a domain itself; what SIM says is what the hook says.
    machine f-kvm "$(sim yes)"
    virsh -q dumpxml f-kvm | sed "s/<domain type='qemu'/<domain type='kvm'/" >"$work/kvm.xml"
    said=$("$hook" f-kvm prepare begin - <"$work/kvm.xml" 2>&1) && status=0 || status=$?
    equal "a domain of type kvm, required: the hook refuses" 1 "$status"
    one_line "a domain of type kvm, required" "[Kk][Vv][Mm].*type='qemu'" "$said"
    sed "s/required=.yes./required='no'/" "$work/kvm.xml" >"$work/kvm-no.xml"
    said=$("$hook" f-kvm prepare begin - <"$work/kvm-no.xml" 2>&1) && status=0 || status=$?
    equal "a domain of type kvm, not required: the hook lets it start" "0 " "$status $said"
    nothing_left "a domain of type kvm" f-kvm "$(uuid_of f-kvm)"
    forget f-kvm
}

case_qemu() {
    local copy=$work/qemu-without-sim
    # The same QEMU, but for the name of the device.
    sed 's/sim-region/sim-regiom/g' "$real_qemu" >"$copy"
    chmod 755 "$copy"
    mount --bind "$copy" "$real_qemu"
    both "a QEMU without the region device" unprotected "$real_qemu.*sim-region|sim-region.*$real_qemu" "<sim:monitor name='syscalls'/>"
    umount "$real_qemu"
}

# --- what is not there ------------------------------------------------------------------------------------------

case_hook() {
    machine f-yes "$(sim yes)"
    machine f-no "$(sim no)"
    check "the marker is there" wait_until 10 test -e "$state_of_manager/required/$(uuid_of f-yes)"
    chmod -x "$hook"
    refused f-yes "a hook that can't be executed" 'requires SIM but was not prepared.*50-sim'
    unwatched f-no "a hook that can't be executed" unprotected 'SIM was not asked.*host-validate'
    chmod +x "$hook"
    forget f-yes
    forget f-no
}

case_manager() {
    local no
    machine f-yes "$(sim yes)"
    machine f-no "$(sim no)"
    no=$(uuid_of f-no)
    check "the domains are known" wait_until 10 test -e "$state_of_manager/required/$(uuid_of f-yes)"
    manager_stop
    start_says f-yes
    equal "no manager, required: it does not start" "1 shut off" "$status $(virsh -q domstate f-yes)"
    one_line "no manager, required: virsh" 'sim-manager is not reachable.*systemctl start sim-manager' "$said"
    start_says f-no
    equal "no manager, not required: it starts" "0 running" "$status $(virsh -q domstate f-no)"
    said=$(virt-sim list 2>&1) && status=0 || status=$?
    equal "no manager: virt-sim fails" 1 "$status"
    one_line "no manager: virt-sim" 'systemctl start sim-manager' "$said"
    mark
    manager_start
    check "afterwards the manager knows that it is unprotected" reaches f-no unprotected 20
    holds "and 'virt-sim list' says so" 'f-no +unprotected +no' "$(virt-sim list)"
    one_line "afterwards the log" 'f-no: runs without SIM: .*start it anew' "$(told_of f-no)"
    holds "afterwards 'virt-sim info' says why" 'start it anew|started anew' "$(sim_problem f-no)"
    virsh -q destroy f-no || true
    nothing_left "no manager, required" f-yes "$(uuid_of f-yes)"
    nothing_left "no manager, not required" f-no "$no"
    forget f-yes
    forget f-no
}

case_disk() {
    machine f-yes "$(sim yes)"
    machine f-no "$(sim no)"
    mount -t tmpfs -o size=512k,mode=711 small "$runs_of_manager/domains"
    refused f-yes "a full $runs_of_manager" "$runs_of_manager/domains.*(room|space)"
    unwatched f-no "a full $runs_of_manager" unprotected "$runs_of_manager/domains.*(room|space)"
    umount "$runs_of_manager/domains"
    forget f-yes
    forget f-no
}

# --- kernels that can't be armed ---------------------------------------------------------------------------------

case_waiting() {
    machine f-bios "$(sim yes)"
    start_says f-bios
    equal "a machine that boots nothing: it starts" "0 running" "$status $(virsh -q domstate f-bios)"
    check "and is shown as waiting" reaches f-bios waiting 10
    said=$(virt-sim check f-bios 2>&1) && status=0 || status=$?
    equal "virt-sim check fails" 1 "$status"
    one_line "virt-sim check" 'not armed.*waiting' "$said"
    said=$(uuid_of f-bios)
    virsh -q destroy f-bios || true
    nothing_left "destroyed while waiting" f-bios "$said"
    forget f-bios
}

# unresolved TEXT PATTERN START: a guest that SIM can't arm, as domain f-yes and f-no; f-no runs on in the end
unresolved() {
    local uuid
    uuid=$(uuid_of f-yes)
    mark
    check "$1, required: it starts" "$3" f-yes
    check "$1, required: the domain does not run on" wait_until 60 shut_off f-yes
    holds "$1, required: 'virt-sim info' says why" "$2" "$(sim_problem f-yes)"
    holds "$1, required: 'virt-sim findings' too" "$2" "$(virt-sim findings f-yes)"
    one_line "$1, required: the log" "$2" "$(told_of f-yes)"
    nothing_left "$1, required" f-yes "$uuid"
    mark
    check "$1, not required: it starts" "$3" f-no
    check "$1, not required: 'virt-sim list' shows it as failed" reaches f-no failed 60
    holds "$1, not required: 'virt-sim info' says why" "$2" "$(sim_problem f-no)"
    check "$1, not required: the guest runs on" wait_until 10 runs f-no
    one_line "$1, not required: the log" "$2.*the guest runs on without SIM" "$(told_of f-no)"
}

case_foreign() {
    # A boot sector that does what a kernel does, and is none: mov ecx,MSR_LSTAR; mov eax,…; mov edx,…; wrmsr; hlt; jmp
    { printf '\x66\xb9\x82\x00\x00\xc0\x66\xb8\x00\x10\x00\x81\x66\xba\xff\xff\xff\xff\x0f\x30\xf4\xeb\xfd'; head -c 487 /dev/zero; printf '\x55\xaa'; } >"$work/sector"
    machine f-yes "$(sim yes)" "$work/sector"
    machine f-no "$(sim no)" "$work/sector"
    unresolved "a guest that is no Linux" 'is this a 64-bit Linux guest' start_plain
    local uuid
    uuid=$(uuid_of f-no)
    virsh -q destroy f-no || true
    nothing_left "a guest that is no Linux, not required" f-no "$uuid"
    forget f-yes
    forget f-no
}

# sector NAME: assembles a boot sector of the testbed
sector() {
    gcc -m32 -nostdlib -static -Wl,--build-id=none,-Ttext=0x7c00,--oformat=binary \
        -o "$work/$1" "$testbed/guest/$1.S"
}

# After its first boot a guest's root may boot anything, and what never writes MSR_LSTAR never comes
# to the boot stop.
case_user_mode() {
    local each was='the guest runs user mode and no kernel has written MSR_LSTAR; '
    was+='vCPU 0 was seen in ring 3: protected mode, paging off'
    sector user-mode
    "$testbed/guest/mkinitrd.sh" "$kernel" "$work/initrd-disk" --disk "$work/user-mode"
    cat >"$work/syslinux.cfg" <<END
DEFAULT linux
LABEL linux
KERNEL vmlinuz
INITRD initrd
APPEND $SIM_COMMAND_LINE
END
    truncate -s 64M "$work/linux.disk"
    mformat -i "$work/linux.disk" ::
    syslinux --install "$work/linux.disk"
    mcopy -i "$work/linux.disk" "$kernel/vmlinuz" "$work/syslinux.cfg" ::
    mcopy -i "$work/linux.disk" "$work/initrd-disk" ::initrd
    for each in yes no; do
        cp "$work/linux.disk" "$work/$each.disk"
        domain_define "f-$each" - - boot=disk disk="$work/$each.disk"
        domain_watch "f-$each" "<sim required='$each'><monitor name='syscalls'/></sim>"
        check "a guest with a boot loader, required=$each: it starts" domain_start "f-$each"
        check "and is armed" reaches "f-$each" armed 180
        check "and is ready" domain_ready "f-$each" 60
        mark
        guest "f-$each" 1 'dd if=/user-mode of=/dev/vda conv=fsync && reboot -f' >/dev/null || true
        if [ "$each" = yes ]; then
            check "its root boots something else: it is stopped" wait_until 120 shut_off f-yes
        else
            check "its root boots something else: it counts as failed" reaches f-no failed 120
            check "and runs on" runs f-no
            holds "and the log says so" 'the guest runs on without SIM' "$(told_of f-no)"
        fi
        holds "'virt-sim info' says what was seen, required=$each" "$was" "$(sim_problem "f-$each")"
        holds "'virt-sim findings' too" "$was" "$(virt-sim findings "f-$each")"
        forget "f-$each"
    done
}

case_boot_limit() {
    # A boot sector that spins: jmp .
    { printf '\xeb\xfe'; head -c 508 /dev/zero; printf '\x55\xaa'; } >"$work/sector"
    manager_stop
    manager_start SIM_BOOT_LIMIT=2
    machine f-yes "$(sim yes)" "$work/sector"
    machine f-no "$(sim no)" "$work/sector"
    unresolved "a guest that uses up its boot limit" \
        'no kernel has written MSR_LSTAR in [0-9]+ s of vCPU time .*vCPU 0 was seen in real mode' \
        start_plain
    virsh -q destroy f-no || true
    forget f-yes
    forget f-no
    manager_stop
    manager_start
}

case_btf() {
    local each
    mkdir -p "$work/no-btf"
    "$testbed/guest/without-btf.py" "$kernel/vmlinuz" "$work/no-btf/vmlinuz"
    for each in yes no; do
        domain_define "f-$each" "$work/no-btf" "$work/initrd"
        domain_watch "f-$each" "<sim required='$each'><monitor name='syscalls'/></sim>"
    done
    unresolved "a kernel without BTF" 'the guest.s kernel carries no BTF .*run one that is built with CONFIG_DEBUG_INFO_BTF=y' domain_start
    check "a kernel without BTF, not required: the guest works" domain_ready f-no 60
    virsh -q destroy f-no
    forget f-yes
    forget f-no
}

kernel=$("$testbed/guest/kernels.sh" 6.12)
"$testbed/guest/mkinitrd.sh" "$kernel" "$work/initrd"
mapfile -t cases < <(declare -F | sed -n 's/^declare -f case_//p')
[ $# -gt 0 ] || set -- "${cases[@]}"
for each in "$@"; do
    began=$SECONDS
    declare -F "case_$each" >/dev/null || fail "no case '$each'; there are: ${cases[*]}"
    "case_$each"
    say "  $each: $((SECONDS - began)) s"
done
finish
