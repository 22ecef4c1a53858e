#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# gates.sh [KERNEL:OPTION,OPTION…]…: the same guest with the gates vmfunc and exit. The monitors see the same in a process on the
# host as in the guest; the guest is armed, sealed and checked alike, also after a reset and a reboot; the process outlives the manager,
# ends with QEMU, is replaced when it dies, and a guest whose calls nobody can answer stands.
set -euo pipefail
# shellcheck source=SCRIPTDIR/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=SCRIPTDIR/../host/manager.sh
. "$testbed/host/manager.sh"
gcc -O2 -static -o "$work/workload" "$testbed/guest/workload.c"

program=/usr/lib/sim-manager/sim-monitor-process
declare -A cost

state() { ask info "$1" | jq -r .state; }
is_armed() { [ "$(state "$1")" = armed ]; }
is_taken_up() { is_armed "$1" || is_stopped "$1"; }
is_stopped() { [ "$(state "$1")" = stopped ]; }
ring() { ask status "$1" | jq -r ".ring.$2"; }
process_of() { ask status "$1" | jq -r '.gate.monitorProcess // ""'; }
boots() { ask status "$1" | jq -r '.device.armedBoots // 0'; }
violations() { ask violations "$1" | jq -r --arg kind "$2" '.. | objects | select(.kind? == $kind) | .text'; }
findings() { ask findings "$1" | jq -r --arg class "$2" '.. | objects | select(.class? == $class) | .text'; }
told_at() { ask findings "$1" | jq -r --arg class "$2" '.. | objects | select(.class? == $class) | .time' | sort | tail -n 1; }
reported() { [ -n "$("$@")" ]; }
more_findings() { [ "$(findings "$1" "$2" | grep -c .)" -gt "$3" ]; }
armed_again() { [ "$(boots "$1")" -gt "$2" ] && is_armed "$1"; }
is_gone() { [ ! -e "/proc/$1" ]; }
serves_another() { [ -n "$(process_of "$1")" ] && [ "$(process_of "$1")" != "$2" ]; }
readies() { grep -ca '^@ready' "$(console "$1").log" || true; }
ready_again() { [ "$(readies "$1")" -gt "$2" ]; }
checked() { # every integrity check is made, and finds nothing
    local report
    report=$(ask check "$1" 'checks=[]')
    jq -c '.results[]? | select(.findings != []) | {check, findings: [.findings[].text]}' <<<"$report"
    [ "$(jq '[.results[]? | select(.findings == [])] | length' <<<"$report")" = 14 ]
}
milliseconds() { echo $(($(date +%s%N) / 1000000)); }
log_of() { echo "/var/lib/sim-manager/domains/$(virsh -q domuuid "$1")/events.jsonl"; }
drained() { [ "$(ring "$1" waitingBytes)" = 0 ]; }

# What the guest does, as its monitors told it: without times, addresses and numbers that differ from boot to boot.
seen() { # seen NAME
    local log from
    log=$(log_of "$1")
    wait_until 60 drained "$1" || true
    sleep 0.5
    from=$(($(wc -l <"$log") + 1))
    guest "$1" 240 'cat /proc/version; echo secret >/tmp/named-by-the-test; ls /tmp; (exit 7); sh -c "exit 3"; /workload doors; /workload forks 20; true' >/dev/null || true
    wait_until 60 drained "$1" || true
    sleep 0.7
    # How often a shell waits, and for what it is woken, is chance; that it did is not.
    tail -n "+$from" "$log" | jq -r 'select(.subject.comm | test("^(sh|cat|ls|workload)$")) |
        [.type, .monitor, .subject.comm, .subject.uid, .door, .name, .child.comm, .path, .argv, .texts, .status, .signal] |
        if .[0] == "syscall" and (.[2] == "sh" or .[5] == "wait4" or .[5] == "rt_sigreturn") then "often " + tojson else tojson end' >"$work/seen"
    grep -v '^often ' "$work/seen" | LC_ALL=C sort
    grep '^often ' "$work/seen" | LC_ALL=C sort -u
}

sealed() { # sealed LABEL NAME: what a rootkit writes over is reported and withstands
    local label=$1 name=$2 function=wake_up_new_task address status
    guest "$name" 240 "insmod /rootkit.ko probe_gpa=$(ask info "$name" layout=true | jq -r .layout.areaBase); rmmod rootkit" >/dev/null || true
    check "$label: a probe of SIM's memory is reported" wait_until 60 reported violations "$name" probe
    address="0x\$(sed -n 's/^\\([0-9a-f]*\\) [tT] $function\$/\\1/p' /proc/kallsyms)"
    guest "$name" 240 "insmod /rootkit.ko overwrite=$address; rmmod rootkit; dmesg | grep -q 'it withstood'" >/dev/null && status=0 || status=$?
    equal "$label: an overwritten hook withstands" 0 "$status"
    check "$label: and is reported" wait_until 60 reported violations "$name" sealed-write
    guest "$name" 240 "insmod /rootkit.ko patch=0x\$(sed -n 's/^\\([0-9a-f]*\\) [tT] orderly_poweroff\$/\\1/p' /proc/kallsyms)" >/dev/null || true
    checked "$name" >/dev/null && status=0 || status=$?
    equal "$label: a patched function fails the check" 1 "$status"
    holds "$label: which names it" orderly_poweroff "$(findings "$name" kernelText)"
    guest "$name" 240 'rmmod rootkit' >/dev/null || true
    check "$label: all is well when it is undone" checked "$name"
}

works() { # works LABEL NAME: it is armed, its calls are answered, nothing is lost
    equal "$1: its calls are answered" 0 "$(guest "$2" 240 '/workload forks 20' >/dev/null && echo 0 || echo $?)"
    wait_until 60 drained "$2" || true
    equal "$1: nothing lost" "0 0 0" "$(ring "$2" dropped) $(ring "$2" missing) $(ring "$2" unknownCalls)"
    check "$1: every integrity check passes" checked "$2"
}

begin() { # begin LABEL NAME GATE KERNEL OPTION…
    local label=$1 name=$2 gate=$3 kernel=$4
    shift 4
    domain_define "$name" "$kernel" "$work/initrd" "$@"
    check "$label: the element is taken up" domain_watch "$name" \
        '<sim required="yes" gate="'"$gate"'"><monitor name="syscalls"/><monitor name="process"/><integrity interval="1" unit="h"/></sim>'
    check "$label: it starts" domain_start "$name"
    check "$label: it boots" domain_ready "$name" 240
    equal "$label: it is armed" armed "$(state "$name")"
    equal "$label: by the gate that it asks for" "$gate" "$(ask info "$name" | jq -r .gate.inForce)"
    is_armed "$name" || { ask info "$name" | jq -c '.failure // .problem' | sed 's/^/    /'; return 1; }
}

measure() { # measure NAME GATE
    guest "$1" 600 '/workload syscalls 20000' >/dev/null || true
    cost[$2]=$(guest "$1" 600 '/workload syscalls 20000' | sed -n 's/.*calls, \([0-9]*\) ns.*/\1/p')
    guest "$1" 600 '/workload forks 50' >/dev/null || true
}

processes() { # processes LABEL NAME: the life of the monitors' process
    local label=$1 name=$2 pid next before boots began said qemu
    pid=$(process_of "$name")
    equal "$label: the monitors run in a process of ours" "$program" "$(readlink "/proc/$pid/exe")"
    equal "$label: which has no capability, and few system calls" "0000000000000000 2" \
        "$(sed -n 's/^CapEff:[[:space:]]*//p' "/proc/$pid/status") $(sed -n 's/^Seccomp:[[:space:]]*//p' "/proc/$pid/status")"

    for said in reset reboot; do
        boots=$(boots "$name") before=$(readies "$name") pid=$(process_of "$name")
        if [ $said = reset ]; then virsh -q reset "$name" || true; else guest "$name" 1 'reboot -f' >/dev/null || true; fi
        check "$label: after a $said it is armed again" wait_until 300 armed_again "$name" "$boots"
        check "$label: and boots" wait_until 240 ready_again "$name" "$before"
        check "$label: the process of the boot before is gone" wait_until 30 is_gone "$pid"
        works "$label, after a $said" "$name"
    done

    # A process that dies is replaced.
    pid=$(process_of "$name") before=$(findings "$name" monitorProcess | grep -c . || true)
    began=$(milliseconds)
    kill -9 "$pid"
    check "$label: a killed process is reported" wait_until 30 more_findings "$name" monitorProcess "$before"
    said=$(($(date -d "$(told_at "$name" monitorProcess)" +%s%N) / 1000000 - began)) # by the report's own clock
    check "$label: within a second ($said ms)" test "$said" -lt 1000
    check "$label: another one serves" wait_until 30 serves_another "$name" "$pid"
    works "$label, with another process" "$name"
    guest "$name" 600 '/workload forks 300; /workload syscalls 20000' >"$work/said" &
    sleep 0.4
    kill -9 "$(process_of "$name")"
    wait $! && said=0 || said=$?
    equal "$label: one that is killed in the middle of its work stops no guest" "0 300 forks" "$said $(grep -o '300 forks' "$work/said")"
    # Calls that the dead one had begun may leave a record that was never ended: that is told, and is the only loss.
    works_after_loss "$label, killed at work" "$name"

    # The manager goes, and comes back.
    pid=$(process_of "$name")
    kill -9 "$(manager_pid)"
    sleep 0.5
    check "$label: the process outlives the manager" test -e "/proc/$pid"
    equal "$label: and serves" 0 "$(guest "$name" 240 '/workload forks 20' >/dev/null && echo 0 || echo $?)"
    check "$label: another manager starts" manager_start
    check "$label: and takes the guest up" wait_until 30 is_armed "$name"
    equal "$label: with the process that it finds" "$pid" "$(process_of "$name")"
    works_after_loss "$label, with another manager" "$name"
    before=$(findings "$name" monitorProcess | grep -c . || true)
    kill -9 "$(manager_pid)" "$(process_of "$name")"
    sleep 0.5
    check "$label: the manager starts when both were killed" manager_start
    check "$label: and tells of the process" wait_until 60 more_findings "$name" monitorProcess "$before"
    check "$label: and takes the guest up" wait_until 60 is_taken_up "$name"
    if is_stopped "$name"; then
        echo "# $label: the guest made a call, and no manager came within the 5 seconds that it waits: it stands, as it must"
        boots=$(boots "$name") before=$(readies "$name")
        virsh -q reset "$name" && virsh -q resume "$name"
        check "$label: reset, it is armed again" wait_until 300 armed_again "$name" "$boots"
        check "$label: and boots" wait_until 240 ready_again "$name" "$before"
    fi
    works_after_loss "$label, after both were killed" "$name"

    # Nobody can serve: no call goes on unanswered.
    boots=$(boots "$name")
    mv "$program" "$program.away"
    kill -9 "$(process_of "$name")"
    sleep 0.2
    guest "$name" 1 '/workload forks 5; echo went-on' >"$work/said" || true
    check "$label: a guest whose calls nobody answers stands" wait_until 60 is_stopped "$name"
    holds "$label: that is a violation, with evidence" 'monitor-lost.*rip 0x' "$(violations "$name" monitor-lost)"
    holds "$label: the finding says why none serves" 'no other serves' "$(findings "$name" monitorProcess)"
    equal "$label: and no call went on" '' "$(grep -a went-on "$work/said" || true)"
    mv "$program.away" "$program"
    before=$(readies "$name")
    check "$label: reset" virsh -q reset "$name"
    check "$label: and resumed" virsh -q resume "$name"
    check "$label: it goes on, armed" wait_until 300 armed_again "$name" "$boots"
    check "$label: and it boots" wait_until 240 ready_again "$name" "$before"
    works "$label, after it stood" "$name"

    qemu=$(ask status "$name" | jq .device.pid) next=$(process_of "$name")
    virsh -q destroy "$name" || true
    check "$label: the process ends with QEMU" wait_until 30 is_gone "$next"
    check "$label: QEMU is gone" wait_until 30 is_gone "$qemu"
    check "$label: and nothing is left over" wait_until 60 test ! -e "/run/sim-manager/domains/libvirt-$(virsh -q domuuid "$name" | tr -d '[:space:]')"
    equal "$label: no process of any domain" '' "$(pgrep -f "^$program" || true)"
}

# As `works`, but for a ring that a process left in the middle of a record: loss is counted, not hidden.
works_after_loss() {
    equal "$1: its calls are answered" 0 "$(guest "$2" 240 '/workload forks 20' >/dev/null && echo 0 || echo $?)"
    equal "$1: no call came through a hook that is none" 0 "$(ring "$2" unknownCalls)"
    check "$1: every integrity check passes" checked "$2"
}

try() { # try KERNEL-SERIES OPTION…
    local series=$1 label kernel gate name
    shift
    kernel=$("$testbed/guest/kernels.sh" "$series")
    "$testbed/guest/mkinitrd.sh" "$kernel" "$work/initrd" "$work/workload" "$("$testbed/rootkit/build.sh" "$kernel")"
    for gate in vmfunc exit; do
        name=gate-$gate label="$series${*:+ ($*)} $gate"
        if ! begin "$label" "$name" "$gate" "$kernel" "$@"; then domain_forget "$name"; return; fi
        works "$label" "$name"
        seen "$name" >"$work/$gate"
        check "$label: events came ($(wc -l <"$work/$gate"))" test "$(wc -l <"$work/$gate")" -gt 100
        measure "$name" "$gate"
        sealed "$label" "$name"
        [ "$gate" = exit ] || domain_forget "$name"
    done
    label="$series${*:+ ($*)}"
    check "$label: both gates show the same events for the same commands" diff "$work/vmfunc" "$work/exit"
    echo "# $label: a system call with its event takes ${cost[vmfunc]} ns by the gate vmfunc, ${cost[exit]} ns by exit (TCG)"
    check "$label: what a call costs was measured" test "${cost[vmfunc]:-0}" -gt 0 -a "${cost[exit]:-0}" -gt 0
    processes "$label" gate-exit
    domain_forget gate-exit
}

if [ $# -gt 0 ]; then
    for one in "$@"; do
        IFS=, read -r -a options <<<"${one#*:}"
        [[ $one == *:* ]] || options=()
        try "${one%%:*}" ${options[@]+"${options[@]}"}
    done
else
    try 6.12 vcpus=2
    try 6.1
fi
finish
