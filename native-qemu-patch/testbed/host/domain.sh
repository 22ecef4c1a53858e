# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# domain.sh: for sourcing inside private-host.sh, after progress.sh. Domains as a user would define them, and the
# test host's end of their first serial port (the guest's end is ../guest/console).
#
#   domain_define NAME KERNEL-FOLDER INITRD [type=qemu|kvm] [machine=q35] [la57=off] [memory=MiB]
#       [vcpus=N] [spare=N] [dimms=N] [disk=FILE] [boot=disk] [append=TEXT] [sim=ELEMENT]
#       [model=NAME] [backing=memfd|file] [nodes=2]
#       spare: so many more vCPUs can be plugged in; dimms: so many DIMMs
#       boot=disk: the firmware boots from the disk; kernel, initrd and append are not used
#       model: of the CPU; nodes: of NUMA; several words of append are written with + between them
#       sim: the <sim> element from the beginning; the emulator must be SIM's then ($SIM_PLAIN_EMULATOR)
#   domain_watch NAME FRAGMENT     virsh metadata --set of a <sim> element, and the wait until SIM took it up
#   domain_start NAME              virsh start; its error is shown
#   domain_ready NAME SECONDS      waits until the guest takes commands; if it never does, tells where its vCPUs are
#   guest NAME SECONDS COMMAND     runs a command (line breaks become spaces): prints what it printed, returns its status (124: no answer)
#   domain_gone NAME SECONDS       waits until the domain is shut off
#   domain_forget NAME             destroys and undefines it, whatever state it is in
#
# $(console NAME).log is all that the guest ever wrote. What waits looks every $SIM_POLL seconds.

SIM_XMLNS=https://simvm.org/xmlns/libvirt/domain/1.0
SIM_POLL=${SIM_POLL:-0.1}
SIM_COMMAND_LINE="console=ttyS0 quiet panic=-1 no_timer_check"

console() { echo "$SIM_HOST/$1.console"; }

domain_define() {
    local name=$1 kernel=$2 initrd=$3 type=qemu cpu=maximum la57='' memory=512 vcpus=1 spare=0
    local dimms=0 dimm_slots='' numa='' disk='' boot='' append='' machine=pc metadata='' option
    local model='' backing='' nodes=1 half
    shift 3
    for option in "$@"; do
        case $option in
            la57=off) la57="<feature policy='disable' name='la57'/>" ;;
            la57=on) ;;
            type=qemu) ;;
            type=kvm) type=kvm cpu=host-passthrough ;;
            memory=*) memory=${option#*=} ;;
            machine=*) machine=${option#*=} ;;
            vcpus=*) vcpus=${option#*=} ;;
            spare=*) spare=${option#*=} ;;
            dimms=*) dimms=${option#*=} ;;
            disk=*) disk="<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${option#*=}'/><target dev='vda' bus='virtio'/></disk>"
                append+=" sim.root=/dev/vda systemd.show_status=0" ;;
            sim=*) metadata=${option#*=}
                metadata=${metadata//</<sim:} metadata=${metadata//<sim:\//</sim:}
                metadata="<metadata>${metadata/<sim:sim/<sim:sim xmlns:sim=\"$SIM_XMLNS\"}</metadata>" ;;
            boot=disk) boot=disk ;;
            append=*) option=${option//+/ } append+=" ${option#*=}" ;;
            model=*) cpu=custom model="<model fallback='forbid'>${option#*=}</model>" ;;
            backing=*) backing="<memoryBacking><source type='${option#*=}'/>"
                backing+="<access mode='shared'/></memoryBacking>" ;;
            nodes=2) nodes=2 ;;
            *) fail "domain_define: what is '$option'?" ;;
        esac
    done
    if [ "$dimms" -gt 0 ]; then
        dimm_slots="<maxMemory slots='$dimms' unit='MiB'>$((memory + dimms * 1024))</maxMemory>"
        numa="<numa><cell id='0' cpus='0-$((vcpus + spare - 1))' memory='$memory' unit='MiB'/></numa>"
    fi
    if [ "$nodes" = 2 ]; then
        half="memory='$((memory / 2))' unit='MiB'"
        numa="<numa><cell id='0' cpus='0-$((vcpus / 2 - 1))' $half/>"
        numa+="<cell id='1' cpus='$((vcpus / 2))-$((vcpus - 1))' $half/></numa>"
    fi
    if [ "$boot" = disk ]; then
        boot="<boot dev='hd'/>"
    else
        boot="<kernel>$kernel/vmlinuz</kernel><initrd>$initrd</initrd>"
        boot+="<cmdline>$SIM_COMMAND_LINE$append</cmdline>"
    fi
    rm -f "$(console "$name")".*
    mkfifo "$(console "$name").in" "$(console "$name").out"
    : >"$(console "$name").log"
    cat >"$SIM_HOST/$name.xml" <<END
<domain type='$type'>
  <name>$name</name>
  $metadata
  $dimm_slots
  <memory unit='MiB'>$memory</memory>
  <vcpu current='$vcpus'>$((vcpus + spare))</vcpu>
  $backing
  <cpu mode='$cpu'>$model$la57$numa</cpu>
  <os>
    <type arch='x86_64' machine='$machine'>hvm</type>
    $boot
  </os>
  <features><acpi/></features>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>${SIM_PLAIN_EMULATOR:-/usr/lib/qemu-sim/qemu-system-x86_64}</emulator>
    $disk
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
    <serial type='pipe'><source path='$(console "$name")'/></serial>
  </devices>
</domain>
END
    virsh -q define "$SIM_HOST/$name.xml" >&2
}

emulator_of() { virsh -q dumpxml --inactive "$1" | sed -n 's|.*<emulator>\(.*\)</emulator>.*|\1|p'; }
_under_sim() { [ "$(emulator_of "$1")" = /usr/bin/qemu-system-x86_64-sim ]; }

wait_until() { # wait_until SECONDS COMMAND…
    local until=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $until ] || return 1
        sleep "$SIM_POLL"
    done
}

domain_watch() {
    virsh -q metadata "$1" --config --uri "$SIM_XMLNS" --key sim --set "$2" >/dev/null || return 1
    wait_until 30 _under_sim "$1" || { say "the manager did not set the emulator of $1 (it is $(emulator_of "$1"))"; return 1; }
}

domain_start() {
    # Something must read what the guest writes, before it writes.
    cat "$(console "$1").out" >>"$(console "$1").log" 2>/dev/null &
    virsh -q start "$1" >&2
}

domain_ready() {
    wait_until "$2" grep -qa '^@ready' "$(console "$1").log" || {
        virsh -q qemu-monitor-command "$1" --hmp 'info registers -a' | grep -E '^(CPU#|RIP)' || true
        tail -n 8 "$(console "$1").log"
        return 1
    }
}

guest() {
    local log offset until
    log=$(console "$1").log
    offset=$(($(stat -c %s "$log") + 1))
    until=$((SECONDS + $2))
    printf '%s\n' "${3//$'\n'/ }" 1<>"$(console "$1").in"
    until tail -c "+$offset" "$log" | grep -qa '^@done'; do
        if [ $SECONDS -ge $until ]; then
            tail -c "+$offset" "$log"
            return 124
        fi
        sleep 0.05
    done
    tail -c "+$offset" "$log" | sed '/^@done/,$d'
    return "$(tail -c "+$offset" "$log" | sed -n 's/^@done \([0-9]*\).*/\1/p' | head -n 1)"
}

_shut_off() { [ "$(virsh -q domstate "$1" 2>/dev/null)" = "shut off" ]; }
domain_gone() { wait_until "$2" _shut_off "$1"; }

domain_forget() {
    virsh -q destroy "$1" >/dev/null 2>&1 || true
    virsh -q undefine "$1" >/dev/null 2>&1 || true
    rm -f "$(console "$1")".* "$SIM_HOST/$1.xml"
}
