#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# soak.sh [SECONDS] [--rounds N] [--within SECONDS] [--calm] [--kernel 6.1|6.12]: a Debian guest that is busy for SECONDS (3600) with packages,
# modules, tracing, containers and services, checked every three seconds all the while: nothing may be found. Then N (14) times a rootkit changes
# something, of seven kinds in turn, while the guest goes on being busy (--calm: when it has stopped): each must be found by the next
# scheduled check, and nothing else. No attack begins later than SECONDS (--within) after the guest began to be busy. `./dev soak` calls it
# with --prepare, and then on a private host. Writes target/reports/soak.json: tried and failed attacks, false_findings, lost_uncounted events, rss_mib and cpu_percent of the
# manager, found_after_ms: the longest time from an attack to its finding, busy_seconds: how long nothing but attacks was found.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
# shellcheck source=SCRIPTDIR/../scripts/progress.sh
. "$here/../scripts/progress.sh"

mode=measure seconds=3600 rounds=14 within=1000000 calm=no series=6.12
if [ "${1:-}" = --prepare ]; then mode=prepare; shift; fi
while [ $# -gt 0 ]; do
    case $1 in
        --rounds) [[ ${2:-} =~ ^[0-9]+$ ]] || fail "soak: --rounds needs a number"; rounds=$2; shift 2 ;;
        --within) [[ ${2:-} =~ ^[0-9]+$ ]] || fail "soak: --within needs a number of seconds"; within=$2; shift 2 ;;
        --calm) calm=yes; shift ;;
        --kernel) [[ ${2:-} =~ ^(6\.1|6\.12)$ ]] || fail "soak: --kernel: choose from 6.1 and 6.12"; series=$2; shift 2 ;;
        *) [[ $1 =~ ^[1-9][0-9]*$ ]] || fail "soak: what is '$1'? Give seconds, --rounds N, --within SECONDS, --calm or --kernel SERIES"; seconds=$1; shift ;;
    esac
done
initrd=$CACHE/guests/soak-$series.initrd
if [ $mode = prepare ]; then
    mkdir -p "$CACHE/guests"
    kernel=$("$here/guest/kernels.sh" "$series")
    "$here/rootkit/build.sh" "$kernel" >/dev/null
    "$here/guest/mkimage.sh" >/dev/null
    "$here/guest/mkinitrd.sh" "$kernel" "$initrd" --disk
    exit 0
fi

# shellcheck source=SCRIPTDIR/scenarios/tap.sh
. "$here/scenarios/tap.sh"
# shellcheck source=SCRIPTDIR/host/manager.sh
. "$here/host/manager.sh"
# shellcheck source=SCRIPTDIR/host/attacks.sh
. "$here/host/attacks.sh"
# shellcheck source=SCRIPTDIR/guest/modules.sh
. "$here/guest/modules.sh"
kernel=$CACHE/kernels/$series
name=soak
pid=$(manager_pid)

prepare_disk() {
    cp --sparse=always "$("$here/guest/mkimage.sh")" "$work/disk"
    local PATH=$PATH:/usr/sbin:/sbin module
    mkdir -p "$work/guest/modules"
    : >"$work/guest/modules/order"
    for module in dummy veth tun overlay br_netfilter; do add_module "$kernel" "$work/guest" "$module"; done
    printf 'cd /root\nwrite %s busy\nwrite %s rootkit.ko\nset_inode_field busy mode 0100755\nmkdir modules\ncd modules\n' \
        "$here/guest/busy" "$("$here/rootkit/build.sh" "$kernel")" >"$work/debugfs"
    for module in "$work"/guest/modules/*; do echo "write $module $(basename "$module")"; done >>"$work/debugfs"
    debugfs -w -f "$work/debugfs" "$work/disk" 2>&1
}
status() { ask status "$name"; }
# All of them: the manager has only the last in its memory.
findings() { [ ! -e "$incidents" ] || jq -c 'select(.incident == "finding")' "$incidents"; }
found() { findings | jq -r --arg class "$1" --arg about "$2" 'select(.class == $class and (.text | test($about))) | .time'; }
count() { status | jq '.findings + .violations'; }
# others CLASSES: how many of other classes, and violations
others() { echo $(($(count) - $(findings | jq -r --arg classes "$1" 'select(.class | test("^(" + $classes + ")$")) | 1' | wc -l))); }
instant() { date -u +%Y-%m-%dT%H:%M:%S.%NZ; }
# A whole check that began later than INSTANT.
checked_since() { [[ $(status | jq -r '.lastCheck.started // ""') > $1 ]]; }
after_check() { wait_until 60 checked_since "$1" && sleep 0.3; }
milliseconds() { echo $((($(date -d "$2" +%s%N) - $(date -d "$1" +%s%N)) / 1000000)); } # milliseconds FROM TO
ticks() { awk '{print $14 + $15}' "/proc/$pid/stat"; }
busy_round() { guest $name 120 'journalctl -u busy -o cat --no-pager -g "^round" -n 1'; }

step "Making a disk" prepare_disk
domain_define $name "$kernel" "$initrd" disk="$work/disk" memory=1024 vcpus=2
domain_watch $name '<sim required="yes"><monitor name="syscalls"><parameter name="calls" value="execve,connect,ptrace,finit_module"/></monitor>
    <monitor name="process"/><integrity interval="3" jitter="0"/></sim>'
incidents=$state_of_manager/domains/$(uuid_of $name)/incidents.jsonl
domain_start $name
check "the guest boots" domain_ready $name 600
check "it is armed" reaches $name armed 60
# shellcheck disable=SC2016 # the guest's own shell
victim=$(guest $name 60 'setsid sleep 1000000 >/dev/null 2>&1 & echo pid $!' | sed -n 's/^pid \([0-9]*\).*/\1/p')
check "it is busy" guest $name 120 'systemd-run --quiet --unit=busy /root/busy'

# --- nothing may be found ------------------------------------------------------------------------------------------
before=$(ticks) began=$SECONDS false=0
while [ $((SECONDS - began)) -lt "$seconds" ]; do
    sleep $((seconds - SECONDS + began < 30 ? seconds - SECONDS + began + 1 : 30))
    false=$(count)
    say "  … busy for $((SECONDS - began)) of $seconds s: $(busy_round || true), last check $(status | jq -r '"\(.lastCheck.started) \(.lastCheck.ms | round) ms"'), $false findings"
    [ "$false" -eq 0 ] || findings | jq -r '"    " + .text' | tail -n 3 >&2
done
cpu=$(awk "BEGIN {printf \"%.2f\", ($(ticks) - $before) * 100 / $(getconf CLK_TCK) / ($SECONDS - $began)}")
equal "nothing is found in $seconds s of a busy guest" 0 "$false"
holds "which was busy" '^round [1-9]' "$(busy_round || true)"

# --- everything must be found --------------------------------------------------------------------------------------
is_calm() { ! guest "$name" 60 'systemctl is-active --quiet busy' >/dev/null; }
if [ $calm = yes ]; then
    guest "$name" 60 'touch /root/stop' >/dev/null || true
    check "the guest stops being busy" wait_until 600 is_calm
fi
busy=$((SECONDS - began)) tried=0 missed=0 slowest=0
for ((i = 0; i < rounds && SECONDS - began < within; i++)); do
    kind=${attack_kinds[$((i % ${#attack_kinds[@]}))]}
    attack_of "$kind" "$victim"
    # The table of system calls lies in read-only data, whose check finds it, too.
    classes=$class
    [ "$kind" != systemCall ] || classes='systemCalls|readOnlyData'
    already=$(found "$class" "$about" | wc -l) before_others=$(others "$classes")
    tried=$((tried + 1))
    guest $name 120 "insmod /root/rootkit.ko $parameters" >"$work/said" || { _not_ok "attack $tried, $kind: carried out" "$(cat "$work/said")"; missed=$((missed + 1)); continue; }
    attacked=$(instant)
    after_check "$attacked" || true
    seen=$(found "$class" "$about" | sed -n "$((already + 1))p")
    if [ -n "$seen" ]; then
        took=$(milliseconds "$attacked" "$seen")
        [ "$took" -le "$slowest" ] || slowest=$took
        echo "ok attack $tried of $rounds, $kind: found $took ms later"
    else
        missed=$((missed + 1))
        _not_ok "attack $tried of $rounds, $kind: found by the next scheduled check" "attacked at $attacked, checked at $(status | jq -r .lastCheck.started)"
    fi
    guest $name 120 'rmmod rootkit' >/dev/null || _not_ok "attack $tried, $kind: undone" "rmmod failed"
    [ "$kind" != tables ] || victim=$(guest $name 60 "kill -9 $victim; setsid sleep 1000000 >/dev/null 2>&1 & echo pid \$!" | sed -n 's/^pid \([0-9]*\).*/\1/p')
    after_check "$(instant)" || true
    now=$(others "$classes")
    if [ "$now" -gt "$before_others" ]; then
        false=$((false + now - before_others))
        _not_ok "attack $tried, $kind: nothing else is found" "$(findings | jq -r .text | tail -n 3)"
    fi
done
equal "$tried attacks were found by the next check" 0 "$missed"
[ $calm = yes ] || busy=$((SECONDS - began))
equal "nothing but them is found" 0 "$false"

guest $name 60 'touch /root/stop' >/dev/null || true
lost=$(status | jq '.ring.missing - .ring.dropped | if . < 0 then 0 else . end')
rss=$(awk "BEGIN {printf \"%.1f\", $(sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$pid/status") / 1024}")
mkdir -p "$top/target/reports"
printf '{"tried": %d, "failed": %d, "lost_uncounted": %d, "rss_mib": %s, "cpu_percent": %s, "false_findings": %d, "found_after_ms": %d, "busy_seconds": %d, "seconds": %d, "kernel": "%s"}\n' \
    "$tried" "$missed" "$lost" "$rss" "$cpu" "$false" "$slowest" "$busy" "$seconds" "$series" >"$top/target/reports/soak.json"
say "target/reports/soak.json: $(cat "$top/target/reports/soak.json")"
virsh -q destroy $name || true
domain_forget $name
finish
