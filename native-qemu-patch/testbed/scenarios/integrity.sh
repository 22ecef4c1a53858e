#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# integrity.sh [KERNEL:OPTION,OPTION…]…: what a rootkit changes in a guest's kernel is found by the next scheduled check,
# and what a busy kernel changes itself, by tracing, probes and modules, is not; a manager that is killed and started
# again goes on with the checks of the guest that it armed.
# shellcheck disable=SC2119 # manager_start does without arguments
set -euo pipefail
# shellcheck source=SCRIPTDIR/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=SCRIPTDIR/../host/manager.sh
. "$testbed/host/manager.sh"
# shellcheck source=SCRIPTDIR/../host/attacks.sh
. "$testbed/host/attacks.sh"
# shellcheck source=SCRIPTDIR/../host/changes.sh
. "$testbed/host/changes.sh"
interval=3

found() { virt-sim findings "$1" -o json | jq -r --arg class "$2" --arg about "$3" 'select(.class == $class and (.text | test($about))) | .text'; }
count() { virt-sim status "$1" -o json | jq '.findings'; }
more() { [ "$(found "$1" "$2" "$3" | wc -l)" -gt "$4" ]; }
started() { virt-sim status "$1" -o json | jq -r '.lastCheck.started // ""'; }
later() { [ "$(started "$1")" \> "$2" ]; }

# Waits until a scheduled round has begun after now, and ended.
next_round() {
    local now
    now=$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)
    wait_until 60 later "$1" "$now"
}

attack() { # attack NAME LABEL CLASS WHAT-THE-FINDING-SAYS ROOTKIT-PARAMETERS
    local name=$1 label=$2 class=$3 about=$4 before begun
    before=$(found "$name" "$class" "$about" | wc -l)
    guest "$name" 60 "insmod /rootkit.ko $5" >"$work/said" || { _not_ok "$label: the attack is carried out" "$(cat "$work/said")"; return; }
    begun=$SECONDS
    check "$label: found by the next scheduled check" wait_until 30 more "$name" "$class" "$about" "$before"
    echo "# $label: after $((SECONDS - begun)) s: $(found "$name" "$class" "$about" | tail -n 1)"
    guest "$name" 60 'rmmod rootkit' >/dev/null || _not_ok "$label: undone" "rmmod failed"
}

# A round with no finding, and none of the scheduled ones since $2 findings were counted.
quiet() { # quiet NAME LABEL FINDINGS-SO-FAR
    next_round "$1" || true
    check "$2: no finding by hand" virt-sim check "$1"
    equal "$2: no finding on schedule" "$3" "$(count "$1")"
}

try() { # try KERNEL-SERIES OPTION…
    local series=$1 label name kernel pid kind paths files
    shift
    label="$series${*:+ ($*)}"
    name=integrity-$series
    kernel=$("$testbed/guest/kernels.sh" "$series")
    paths=$(change_files "$kernel" "$work")
    mapfile -t files <<<"$paths"
    "$testbed/guest/mkinitrd.sh" "$kernel" "$work/initrd-$series" --disk "${files[@]}" "$("$testbed/rootkit/build.sh" "$kernel")"
    domain_define "$name" "$kernel" "$work/initrd-$series" "$@"
    check "$label: the element is taken up" domain_watch "$name" '<sim required="yes"><monitor name="syscalls"/><monitor name="process"/>
        <integrity interval="'$interval'" jitter="0"/></sim>'
    check "$label: it starts" domain_start "$name"
    check "$label: it boots" domain_ready "$name" 240
    next_round "$name" || true
    equal "$label: every check is made" 14 "$(virt-sim check "$name" -o json | jq '.results | length')"
    quiet "$name" "$label, idle" 0
    echo "# $label: $(virt-sim check "$name" -o json | jq -r '"\(.bytes / 1e6 | round) MB in \(.ms | round) ms, \(.gbps * 100 | round / 100) GB/s"')"

    for kind in functions points kprobe probes programs livepatch modules busy; do
        change_of "$kind"
        holds "$label, $change: it works" "done" "$(guest "$name" 240 "$begin")"
        quiet "$name" "$label, $change" 0
        [ "$kind" != kprobe ] ||
            holds "$label: the kprobe is told" 'vfs_read.* kprobe' "$(virt-sim check "$name" -o json | jq -r '.results[].information[]? | "\(.subject): \(.text)"')"
        holds "$label, $change: it ends" "done" "$(guest "$name" 240 "$end")"
    done
    equal "$label: no violation by any of this" 0 \
        "$(virt-sim status "$name" -o json | jq .violations)"

    # What a rootkit does.
    attack "$name" "$label: an entry of the system call table" systemCalls 'sys_call_table\[39\]' "pointer=$(behind sys_call_table "39 * 8")"
    attack "$name" "$label: an entry of the interrupt table" interruptTable 'idt_table\[9\]' "gate=$(behind idt_table "9 * 16")"
    attack "$name" "$label: code of a function" kernelText 'orderly_poweroff' "patch=$(behind orderly_poweroff 8)"
    attack "$name" "$label: text of a module" moduleText 'module evdev' "patch=$(address_of evdev_poll)"
    attack "$name" "$label: a network filter" callTargets 'ipv4 filter' filter=1
    # shellcheck disable=SC2016
    pid=$(guest "$name" 30 '/workload idle 1000 & echo pid $!' | sed -n 's/^pid \([0-9]*\).*/\1/p')
    next_round "$name" || true
    attack "$name" "$label: a hidden process" tasks "pid $pid" "hide=$pid"
    attack "$name" "$label: gates unmapped for one process" gateMapping "pid $pid" "private_tables=$pid"
    attack "$name" "$label: credentials written over" credentials "pid $pid" "rights=$pid"
    guest "$name" 30 "kill -9 $pid" >/dev/null || true
    next_round "$name" || true
    check "$label: all is well when it is undone" virt-sim check "$name"

    # A manager that was killed goes on where it was.
    guest "$name" 60 "insmod /rootkit.ko patch=$(behind orderly_poweroff 8)" >/dev/null || true
    manager_stop KILL
    manager_start
    check "$label: a manager that comes back checks at once, and finds what was changed" \
        wait_until 60 more "$name" kernelText orderly_poweroff 0
    equal "$label: it shows the guest as armed" armed "$(virt-sim info "$name" -o json | jq -r .state)"
    guest "$name" 60 'rmmod rootkit' >/dev/null || true
    next_round "$name" || true
    check "$label: and nothing else" virt-sim check "$name"

    # Entry registers are pinned: it is stopped when it writes one.
    guest "$name" 1 'insmod /rootkit.ko lstar=1' >/dev/null || true
    check "$label: LSTAR is written, and the guest stopped" wait_until 60 paused "$name"
    holds "$label: with a violation" 'pinned-control .*lstar' "$(virt-sim violations "$name")"
    domain_forget "$name"
}

if [ $# -gt 0 ]; then
    for one in "$@"; do
        IFS=, read -r -a options <<<"${one#*:}"
        [[ $one == *:* ]] || options=()
        try "${one%%:*}" ${options[@]+"${options[@]}"}
    done
else
    try 6.1 vcpus=2
    try 6.12 vcpus=2
fi
finish
