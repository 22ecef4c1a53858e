#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# linux.sh REPORT [KERNEL-SERIES]: the attacks that need a Linux kernel, by ../rootkit in an armed guest, and what a healthy kernel does to
# itself, which must raise no alarm. Runs on a private host; adds to the REPORT that attack.py has written. What SIM does not
# prevent but finds counts as stopped when a check has found it; the control is that the change took place in the guest.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/../scenarios/tap.sh
. "$here/../scenarios/tap.sh"
# shellcheck source=SCRIPTDIR/../host/findings.sh
. "$testbed/host/findings.sh"
report=${1:?which report?}
series=${2:-6.1}
name=attacked
failed=0

kernel=$("$testbed/guest/kernels.sh" "$series")
gcc -O2 -static -o "$work/workload" "$testbed/guest/workload.c"
"$testbed/guest/mkinitrd.sh" "$kernel" "$work/initrd" --disk "$work/workload" "$("$testbed/rootkit/build.sh" "$kernel")"
domain_define "$name" "$kernel" "$work/initrd" vcpus=2
domain_watch "$name" '<sim required="yes"><monitor name="syscalls"/><monitor name="process"/><integrity interval="1" unit="h"/></sim>'
domain_start "$name"
domain_ready "$name" 300 || fail "the guest does not boot"
[ "$(virt-sim info "$name" -o json | jq -r .state)" = armed ] || fail "the guest is not armed"

declare -A tried stopped control
attack() { # attack CLASS SAID-WHEN-IT-TOOK-PLACE FOUND-BY… -- ROOTKIT-PARAMETERS
    local class=$1 took=$2 said
    shift 2
    local by=()
    while [ "$1" != -- ]; do by+=("$1"); shift; done
    tried[$class]=$((${tried[$class]:-0} + 1))
    said=$(guest "$name" 120 "dmesg -c >/dev/null; insmod /rootkit.ko $2; dmesg") || true
    if ! grep -qE "$took" <<<"$said"; then
        control[$class]=false
        printf 'The attack did not take place: %s\n%s\n' "$2" "$said"
    fi
    virt-sim check "$name" >"$work/check" 2>&1 || true
    if wait_until 20 "${by[@]}"; then
        stopped[$class]=$((${stopped[$class]:-0} + 1))
    else
        printf 'NOT FOUND: %s\n' "$2"
        cat "$work/check"
    fi
    guest "$name" 120 'rmmod rootkit' >/dev/null || true
}
said() { [ -n "$("$@")" ]; }

false_alarms=0
healthy() { # healthy TEXT COMMAND: no finding, no violation by what the guest does
    guest "$name" 300 "$2" >/dev/null || printf 'did not work in the guest: %s\n' "$1"
    virt-sim check "$name" >"$work/check" 2>&1 || { printf 'FALSE ALARM after %s:\n' "$1"; cat "$work/check"; }
    false_alarms=$(virt-sim status "$name" -o json | jq '.violations + .findings')
}
healthy "tracing every function" 'mount -t tracefs tracefs /sys/kernel/tracing; cd /sys/kernel/tracing; echo function >current_tracer; ls / >/dev/null; echo nop >current_tracer'
healthy "trace points and jump labels" 'cd /sys/kernel/tracing; echo 1 >events/sched/enable; echo 1 >/proc/sys/kernel/sched_schedstats; ls / >/dev/null; echo 0 >events/sched/enable'
healthy "a kprobe" 'cd /sys/kernel/tracing; echo p:mine vfs_read >kprobe_events && echo 1 >events/kprobes/mine/enable; ls / >/dev/null; echo 0 >events/kprobes/mine/enable; echo >kprobe_events'
healthy "modules that come and go" 'rmmod evdev; insmod /modules/evdev.ko; rmmod evdev; insmod /modules/evdev.ko'
healthy "work" '/workload forks 200; /workload syscalls 5000; /workload doors'

changed='was ([0-9a-f]{2} )*[0-9a-f]{2}, is'
attack A19 "$changed" more "$name" systemCalls 'sys_call_table\[39\]' 0 -- "pointer=$(behind sys_call_table "39 * 8")"
attack A19 "$changed" more "$name" interruptTable 'idt_table\[9\]' 0 -- "gate=$(behind idt_table "9 * 16")"
attack A19 "$changed" more "$name" kernelText orderly_poweroff 0 -- "patch=$(behind orderly_poweroff 8)"
attack A19 'LSTAR was' more "$name" entryRegisters 'LSTAR of vCPU 0' 0 -- lstar=1
attack A19 'after:.*withstood' said violations_of "$name" sealed-write -- "overwrite=$(address_of wake_up_new_task)"
# shellcheck disable=SC2016 # the guest's own shell
pid=$(guest "$name" 60 '/workload idle 1000 & echo pid $!' | sed -n 's/^pid \([0-9]*\).*/\1/p')
attack A20 'has tables of its own' more "$name" gateMapping "pid $pid" 0 -- "private_tables=$pid"
attack A26 '' more "$name" tasks "pid $pid" 0 -- "hide=$pid"
attack A20 'now shows guest-physical' more "$name" hooks do_exit 0 -- "remap=$(address_of do_exit)"
domain_forget "$name"

titles='{"A19": "system call table, interrupt table, text, LSTAR, hooks rewritten", "A20": "a hook bypassed by page tables", "A26": "a hidden process"}'
for class in A19 A20 A26; do
    printf '%-4s %-52s %7d %7d\n' "$class" "$(jq -r ".$class" <<<"$titles")" "${tried[$class]}" "${stopped[$class]:-0}"
    [ "${tried[$class]}" = "${stopped[$class]:-0}" ] && [ "${control[$class]:-true}" = true ] || failed=1
    jq --arg class "$class" --argjson tried "${tried[$class]}" --argjson stopped "${stopped[$class]:-0}" --argjson titles "$titles" \
        --argjson control "${control[$class]:-true}" '.tcg[$class] = {title: $titles[$class], tried: $tried, stopped: $stopped,
            control_succeeded: $control, control: "the change took place in the guest"}' "$report" >"$report.new"
    mv "$report.new" "$report"
done
printf '%-4s %-52s %d false alarms\n' A22 "what a healthy kernel does to itself" "$false_alarms"
jq --argjson alarms "$false_alarms" '.false_alarms = $alarms' "$report" >"$report.new"
mv "$report.new" "$report"
[ "$false_alarms" = 0 ] || failed=1
exit $failed
