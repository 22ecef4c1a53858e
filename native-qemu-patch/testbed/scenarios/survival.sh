#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# survival.sh [points=N] [seed=N] [report=FILE] [CASE…]: what a guest that is being armed, or is armed, and its manager go through:
# resets, kills, panics, a manager that is killed at N random points, a libvirtd that restarts, full disks, a journal that is away, a clock
# that jumps. The guest goes on, nothing is lost unsaid, nothing is left behind. The cases are the functions below whose names begin with
# `case_`.
# shellcheck disable=SC2119 # manager_start does without arguments
set -euo pipefail
# shellcheck source=SCRIPTDIR/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=SCRIPTDIR/../host/manager.sh
. "$testbed/host/manager.sh"

points=0 seed=$RANDOM report=''
tried=0 lost_uncounted=0

# shellcheck disable=SC2016 # the guest expands it
busy='i=0; while [ $i -lt 200 ]; do /bin/true; i=$((i+1)); done'

# --- while a guest is armed --------------------------------------------------------------------------------------

guest_define() {
    domain_define s-guest "$kernel" "$work/initrd"
    domain_watch s-guest "<sim required='yes'><monitor name='syscalls'/><monitor name='process'/></sim>"
}
guest_begin() { mark; domain_start s-guest; }
armed() { reaches s-guest armed "${1:-180}"; }
readies() { grep -ca '^@ready' "$(console s-guest).log" || true; }
is_ready_after() { [ "$(readies)" -gt "$1" ] && works; }
libvirtd_gone() { ! virsh -q list >/dev/null 2>&1; }
is_connected() { [ "$(ask about | jq .libvirtConnected)" = true ]; }
is_decided() { [[ $(sim_state s-guest) =~ ^(armed|mapped)$ ]]; }
works() { guest s-guest 30 'echo it works' | grep -q 'it works'; }

# The moments of arming: what the log says then, and how long after it.
moments=("boot stop on:0" "boot stop on:0.1" "boot stop on:0.2" "Linux 6:0" "Linux 6:0.1" "Linux 6:0.3" "Linux 6:0.6")
at_moment() { # at_moment MOMENT: waits for it
    wait_until 60 hears "${1%:*}" || return 1
    sleep "${1#*:}"
}

case_reset() {
    local moment before began
    guest_define
    guest_begin
    began=$offset
    for moment in "${moments[@]}"; do
        check "reset at '$moment': the moment comes" at_moment "$moment"
        mark
        check "reset at '$moment'" virsh -q reset s-guest
    done
    before=$(readies)
    check "after ${#moments[@]} resets in the middle of arming the guest is armed" armed
    check "and works" wait_until 180 is_ready_after "$before"
    equal "nobody cried wolf" '' "$(tail -c "+$began" "$manager_log" | grep -E 'ERROR|not armed' | grep s-guest || true)"
    check "every integrity check passes" virt-sim check s-guest
    guest_end "after resets"
}

guest_end() { # guest_end TEXT
    local uuid
    uuid=$(uuid_of s-guest)
    virsh -q destroy s-guest 2>/dev/null || true
    nothing_left "$1" s-guest "$uuid"
    forget s-guest
}

case_destroy() {
    local moment uuid
    guest_define
    uuid=$(uuid_of s-guest)
    for moment in "${moments[@]}"; do
        guest_begin
        check "destroy at '$moment': the moment comes" at_moment "$moment"
        check "destroy at '$moment'" virsh -q destroy s-guest
        nothing_left "destroy at '$moment'" s-guest "$uuid"
        equal "destroy at '$moment': no alarm" '' "$(told_of s-guest)"
    done
    guest_end "after destroys"
}

case_kill() {
    local moment uuid
    guest_define
    uuid=$(uuid_of s-guest)
    for moment in "boot stop on:0" "Linux 6:0.1" "s-guest. armed:0"; do
        guest_begin
        check "QEMU killed at '$moment': the moment comes" at_moment "$moment"
        kill -9 "$(qemu_of s-guest)"
        check "QEMU killed at '$moment': the domain ends" wait_until 10 shut_off s-guest
        nothing_left "QEMU killed at '$moment'" s-guest "$uuid"
        equal "QEMU killed at '$moment': no alarm" '' "$(told_of s-guest)"
    done
    guest_begin
    check "and the domain can be started again" armed
    guest_end "after kills"
}

restarts() { # restarts TEXT COMMAND: the guest runs COMMAND and boots again
    local before
    guest_define
    guest_begin
    check "a guest is armed" armed
    check "and is ready" domain_ready s-guest 180
    before=$(readies)
    guest s-guest 1 "$2" >/dev/null || true
    check "$1, and boots again" wait_until 180 is_ready_after "$before"
    check "and is armed again" armed
    equal "twice in all" 2 "$(ask status s-guest | jq .device.armedBoots)"
    equal "nobody cried wolf" '' "$(told_of s-guest)"
    check "every integrity check passes" virt-sim check s-guest
    guest_end "$1"
}
case_reboot() { restarts "it reboots" 'reboot -f'; }
case_panic() { restarts "it panics" 'echo c >/proc/sysrq-trigger'; }

# A kernel that starts another in its place would leave SIM behind.
case_kexec() {
    gcc -O2 -static -o "$work/workload" "$testbed/guest/workload.c"
    "$testbed/guest/mkinitrd.sh" "$kernel" "$work/initrd-kexec" "$work/workload" "vmlinuz=$kernel/vmlinuz"
    domain_define s-guest "$kernel" "$work/initrd-kexec"
    domain_watch s-guest "<sim required='yes'><monitor name='syscalls'/><monitor name='process'/></sim>"
    guest_begin
    check "kexec: the guest is armed" armed
    check "kexec: and is ready" domain_ready s-guest 180
    guest s-guest 1 '/workload kexec /vmlinuz' >"$work/said" 2>&1 || true
    check "kexec: it is stopped" wait_until 300 paused s-guest
    holds "kexec: on its way, where it clears CR0.WP" 'pinned-control .*cr0' "$(virt-sim violations s-guest)"
    guest_end "after a kexec"
}

events() { ask status s-guest | jq .ring.received; }
has_more_events() { local now; now=$(events); [ "$now" != null ] && [ "$now" -gt "$1" ]; }

case_log() {
    local uuid folder before
    guest_define
    uuid=$(uuid_of s-guest)
    folder=$state_of_manager/domains/$uuid
    mkdir -p "$folder"
    mount -t tmpfs -o size=96k,mode=700 small "$folder"
    guest_begin
    check "a full disk for the event log: the guest is armed" armed
    check "and is ready" domain_ready s-guest 180
    guest s-guest 30 "$busy" >/dev/null
    check "the log says so" wait_until 20 hears 'events.jsonl: events can.t be written and are lost .*make room'
    equal "once" 1 "$(told | grep -c "events can't be written")"
    sleep 5
    holds "virt-sim status counts them" 'Not logged: +[0-9]+ events' "$(virt-sim status s-guest)"
    mount -o remount,size=64m "$folder"
    guest s-guest 30 "$busy" >/dev/null
    check "when there is room again, events are written again" wait_until 20 hears 'events are written again'
    check "the file holds whole lines only" jq -e -n '[inputs] | length > 0' "$folder/events.jsonl"
    virsh -q destroy s-guest
    nothing_left "a full disk for the event log" s-guest "$uuid"
    umount "$folder"
    guest_end "a full disk"
}

case_libvirtd() {
    guest_define
    guest_begin
    check "a guest is armed" armed
    kill "$(cat /run/libvirt/libvirtd.pid)"
    check "libvirtd ends" wait_until 20 libvirtd_gone
    equal "the guest stays armed" armed "$(sim_state s-guest)"
    "$SIM_HOST/libvirtd" --pid-file /run/libvirt/libvirtd.pid >>"$HOST_LOGS/libvirtd.out" 2>&1 &
    check "libvirtd is back" wait_until 30 virsh -q list
    check "the guest runs" runs s-guest
    check "the manager finds libvirt again" wait_until 60 is_connected
    equal "the guest is still armed" armed "$(sim_state s-guest)"
    check "every integrity check passes" virt-sim check s-guest
    guest_end "after a restart of libvirtd"
}

case_crash() {
    local boots
    guest_define
    guest_begin
    manager_stop KILL
    check "no manager at the boot stop: the guest stands there" wait_until 30 paused s-guest
    mark
    check "a new manager starts" manager_start
    check "and arms the guest that stood" armed
    check "which then works" domain_ready s-guest 180
    boots=$(armed_boots)
    # Written once the guest runs again: a manager that dies before that leaves none.
    check "its baseline is kept" wait_until 60 \
        test -e "/var/lib/sim-manager/domains/$(virsh -q domuuid s-guest)/baseline.json"
    manager_stop KILL
    check "no manager while armed: the guest works" works
    mark
    check "a new manager starts" manager_start
    check "it takes the guest up" reaches s-guest armed 60
    equal "without a word of alarm" '' "$(told_of s-guest)"
    equal "and without a reboot" "$boots" "$(armed_boots)"
    works || true
    check "events go on" wait_until 20 has_more_events 0
    equal "none is missing" 0 "$(ask status s-guest | jq '.ring.dropped + .ring.missing')"
    check "every integrity check passes" virt-sim check s-guest
    check "reset" virsh -q reset s-guest
    check "it is armed again" armed
    mark
    virsh -q reset s-guest
    for moment in "Linux 6:0" "Linux 6:0.3"; do
        check "the moment '$moment' comes" at_moment "$moment"
        manager_stop KILL
        mark
        check "a manager that is killed at '$moment' is started" manager_start
        check "and the guest is armed, from its start if need be" wait_until 60 is_decided
        say "  killed at '$moment': $(sim_state s-guest)"
        mark
        check "reset" virsh -q reset s-guest
    done
    check "it is armed at last" armed
    check "every integrity check passes" virt-sim check s-guest
    guest_end "after crashes of the manager"
}

# One kill while the guest is armed: whatever the moment, it ends armed, or at least with its hooks in force.
killed_while_arming() { # killed_while_arming LABEL MILLISECONDS
    local before
    before=$(readies)
    mark
    virsh -q reset s-guest
    sleep "$(printf '%d.%03d' $(($2 / 1000)) $(($2 % 1000)))"
    manager_stop KILL
    manager_start || { echo "no manager comes back"; return 1; }
    wait_until 120 is_decided || { echo "$1: state is $(sim_state s-guest)"; return 1; }
    wait_until 120 is_ready_after "$before" || { echo "$1: the guest does not come up"; return 1; }
}

# One kill while the guest runs and makes events: it is taken up without a reboot, and every event of this boot is in the log.
killed_while_running() { # killed_while_running LABEL MILLISECONDS
    local boots before
    if ! has_state s-guest armed; then
        before=$(readies)
        virsh -q reset s-guest
        reaches s-guest armed 120 || return 1
        wait_until 120 is_ready_after "$before" || { echo "$1: the guest does not come up"; return 1; }
    fi
    boots=$(armed_boots)
    guest s-guest 5 "($busy) & :" >/dev/null || true
    sleep "$(printf '%d.%03d' $(($2 / 1000)) $(($2 % 1000)))"
    manager_stop KILL
    manager_start || { echo "no manager comes back"; return 1; }
    reaches s-guest armed 60 || return 1
    works || { echo "$1: the guest does not answer"; return 1; }
    [ "$(armed_boots)" = "$boots" ] || { echo "$1: armed $(armed_boots) times, before $boots"; return 1; }
    virt-sim check s-guest
}

armed_boots() { ask status s-guest | jq .device.armedBoots; }

# How many events of this boot are neither in the log nor counted as dropped, once nothing is in flight.
cat >"$work/account" <<'END'
import json, sys
next_sequence, dropped = int(sys.argv[2]), int(sys.argv[3])
seen, boots = set(), 0
for line in open(sys.argv[1]):
    sequence = json.loads(line)["sequence"]
    if sequence == 0 and len(seen) > 1:
        seen = set()
    seen.add(sequence)
print(next_sequence - dropped - len(seen))
END
ring() { ask status s-guest | jq -r '"\(.ring.nextSequence) \(.ring.dropped)"'; }
uncounted() {
    local now before=''
    for _ in {1..60}; do
        now=$(ring)
        [ "$now" != "$before" ] || break
        before=$now
        sleep 1
    done
    # shellcheck disable=SC2086 # two numbers
    python3 "$work/account" "$events_file" $now
}

case_points() {
    local point kind milliseconds uuid lost
    [ "$points" -gt 0 ] || { skip "a manager that is killed at random points" "it takes long; ./dev faults does it at 50"; return 0; }
    RANDOM=$seed
    guest_define
    uuid=$(uuid_of s-guest)
    events_file=$state_of_manager/domains/$uuid/events.jsonl
    guest_begin
    check "a guest is armed" armed 120
    check "and is ready" domain_ready s-guest 120
    for ((point = 1; point <= points; point++)); do
        kind=arming
        [ $((point % 2)) -eq 1 ] || kind=running
        milliseconds=$((RANDOM % 3000))
        check "manager killed at point $point of $points (seed $seed): $kind, after $milliseconds ms" "killed_while_$kind" "point $point" "$milliseconds"
        tried=$((tried + 1))
        if [ "$kind" = running ]; then
            lost=$(uncounted)
            equal "point $point: every event of this boot is in the log, or counted" 0 "$lost"
            [ "$lost" -le 0 ] || lost_uncounted=$((lost_uncounted + lost))
        fi
    done
    virsh -q reset s-guest
    check "the next boot is armed" armed 120
    check "every integrity check passes" virt-sim check s-guest
    guest_end "after $points kills of the manager"
}

rounds() { ask status s-guest | jq -r '.lastCheck.started // ""'; }
has_other_round() { [ "$(rounds)" != "$1" ]; }
case_clock() {
    local jump before
    gcc -O2 -shared -fPIC -o "$work/other-clock.so" "$testbed/host/other-clock.c"
    manager_stop
    echo 0 >"$work/clock"
    mark
    check "a manager whose clock can be set" manager_start LD_PRELOAD="$work/other-clock.so" OTHER_CLOCK="$work/clock"
    domain_define s-guest "$kernel" "$work/initrd"
    domain_watch s-guest "<sim required='yes'><monitor name='syscalls'/><integrity interval='2' jitter='0'/></sim>"
    domain_start s-guest
    check "a guest is armed" armed
    for jump in 259200 -259200 0; do
        check "checks run on schedule" wait_until 30 has_other_round "$(rounds)"
        echo "$jump" >"$work/clock"
        sleep 4
        before=$(rounds)
        check "and go on when the clock jumps to be $jump s ahead" wait_until 30 has_other_round "$before"
    done
    equal "no finding" 0 "$(ask status s-guest | jq .findings)"
    check "the guest works" works
    manager_stop
    manager_start || true
    guest_end "after jumps of the clock"
}

cat >"$work/journald" <<'END'
import os, socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
    journal.bind(sys.argv[1])
    while True:
        sys.stdout.write(journal.recv(1 << 20).decode(errors="replace") + "\0")
        sys.stdout.flush()
END
outlet() { ask about | jq -r --arg field "$1" '.outlets[] | select(.name == "journal") | .[$field]'; }
outlet_is() { [ "$(outlet "$1")" = "$2" ]; }
told_to_journal() { tr '\0' '\n' <"$work/journal" | grep -ac "$1" || true; }
has_told_to_journal() { [ "$(told_to_journal "$1")" -ge "$2" ]; }
case_journal() {
    local socket=/run/systemd/journal/socket number
    guest_define
    guest_begin
    check "a guest is armed" armed
    mkdir -p "${socket%/*}"
    python3 "$work/journald" "$socket" >"$work/journal" &
    wait_until 10 test -S "$socket"
    virt-sim reload >/dev/null
    virt-sim suspend-checks s-guest --for 1h --reason first >/dev/null
    check "the journal is told" wait_until 20 has_told_to_journal 'SIM_KIND=audit\|suspend-checks' 1
    kill %?journald
    rm -f "$socket"
    for number in 1 2 3; do virt-sim suspend-checks s-guest --for 1h --reason "away-$number" >/dev/null; done
    check "while journald is away, notices wait" wait_until 30 outlet_is failing true
    equal "and none is lost" 0 "$(outlet lost)"
    equal "the guest stays armed" armed "$(sim_state s-guest)"
    manager_stop KILL
    manager_start || true
    python3 "$work/journald" "$socket" >"$work/journal" &
    check "when it is back, all of them come, over a kill of the manager" wait_until 90 has_told_to_journal 'away-3' 1
    for number in 1 2 3; do check "among them number $number" has_told_to_journal "away-$number" 1; done
    check "and nothing waits any more" wait_until 30 outlet_is waiting 0
    equal "and none was lost" 0 "$(outlet lost)"
    kill %?journald
    rm -rf /run/systemd/journal
    virt-sim reload >/dev/null
    guest_end "after a journald that was away"
}

kernel=$("$testbed/guest/kernels.sh" 6.12)
"$testbed/guest/mkinitrd.sh" "$kernel" "$work/initrd"
mapfile -t cases < <(declare -F | sed -n 's/^declare -f case_//p')
chosen=()
for each in "$@"; do
    case $each in
        points=*) points=${each#*=} ;;
        seed=*) seed=${each#*=} ;;
        report=*) report=${each#*=} ;;
        *) chosen+=("$each") ;;
    esac
done
[ ${#chosen[@]} -gt 0 ] || chosen=("${cases[@]}")
for each in "${chosen[@]}"; do
    began=$SECONDS
    declare -F "case_$each" >/dev/null || fail "no case '$each'; there are: ${cases[*]}"
    "case_$each"
    say "  $each: $((SECONDS - began)) s"
done
rss=$(sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$(manager_pid)/status")
[ -z "$report" ] || printf '{"tried": %d, "failed": %d, "lost_uncounted": %d, "rss_mib": %d, "seed": %d, "seconds": %d}\n' \
    "$tried" "$_failed" "$lost_uncounted" $((rss / 1024)) "$seed" $SECONDS >"$report"
finish
