#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# demo.sh [--kernel 6.1|6.12|7] [--la57 on|off] [--memory MIB] [--vcpus N]: the whole way on one screen. `./dev demo` calls it
# three times: with --check (are the options good?), with --prepare (fetch and build what the guest needs), and on
# a private host to show it. Writes target/reports/demo.json; status 0 only if everything was really seen.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/../scripts/progress.sh
. "$here/../scripts/progress.sh"

mode=show series=6.12 la57=on memory=512 vcpus=1
case ${1:-} in
    --check) mode=check; shift ;;
    --prepare) mode=prepare; shift ;;
esac
while [ $# -gt 0 ]; do
    option=$1
    [ $# -ge 2 ] || fail "demo: $option needs a value, as in: ./dev demo --kernel 6.12 --la57 on --memory 512 --vcpus 1"
    value=$2
    shift 2
    case $option in
        --kernel) series=$value ;;
        --la57) la57=$value ;;
        --memory) memory=$value ;;
        --vcpus) vcpus=$value ;;
        *) fail "demo: no option '$option'; there are --kernel, --la57, --memory and --vcpus" ;;
    esac
done
case $series in 6.1 | 6.12 | 7) ;; *) fail "demo: --kernel $series: choose from 6.1, 6.12 and 7" ;; esac
case $la57 in on | off) ;; *) fail "demo: --la57 $la57: choose on or off" ;; esac
if ! [[ $memory =~ ^[1-9][0-9]*$ ]] || [ "$memory" -lt 256 ]; then fail "demo: --memory $memory: give MiB, at least 256"; fi
[[ $vcpus =~ ^[1-9][0-9]?$ ]] || fail "demo: --vcpus $vcpus: give a number from 1 to 99"
available=$(($(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo) / 1024))
[ "$memory" -lt "$available" ] || fail "demo: --memory $memory: this machine has $available MiB to spare"
[ $mode != check ] || exit 0

initrd=$CACHE/guests/demo-$series.initrd
if [ $mode = prepare ]; then
    mkdir -p "$CACHE/guests"
    kernel=$("$here/guest/kernels.sh" "$series")
    module=$("$here/rootkit/build.sh" "$kernel")
    gcc -O2 -static -o "$CACHE/guests/workload" "$here/guest/workload.c"
    "$here/guest/mkinitrd.sh" "$kernel" "$initrd" "$CACHE/guests/workload" "$module"
    exit 0
fi

# shellcheck source=SCRIPTDIR/host/domain.sh
. "$here/host/domain.sh"
kernel=$CACHE/kernels/$series
release=$(cat "$kernel/release")
reports=$here/../../target/reports
name=demo
json() { virt-sim "$1" "$name" "${@:2}" --output json; }
bold='' normal=''
if [ -t 1 ]; then bold=$'\033[1m' normal=$'\033[0m'; fi
title() { printf '\n%s%s%s\n' "$bold" "$*" "$normal"; }
typed() { printf '  $ %s\n' "$*"; }

armed=false paused=0 events=0 probe_reported=false tamper_found=false failed=()
report() {
    mkdir -p "$reports"
    jq -n --arg kernel "$release" --argjson armed $armed --argjson paused_ms "$paused" --argjson events "$events" \
        --argjson probe_reported $probe_reported --argjson tamper_found $tamper_found '$ARGS.named' >"$reports/demo.json"
}
report
give_up() {
    report
    say "SIM demo: failed: $*"
    exit 1
}

title "1. A domain as anyone would define it: Debian's kernel $release, $memory MiB, $vcpus vCPU, LA57 $la57"
domain_define $name "$kernel" "$initrd" memory="$memory" vcpus="$vcpus" la57="$la57" || give_up "virsh define"
typed "virsh define demo.xml"
element='<sim required="yes">
      <monitor name="syscalls"><parameter name="calls" value="execve,openat,connect,ptrace,finit_module,init_module"/></monitor>
      <monitor name="process"/>
      <integrity interval="2" unit="s"/>
    </sim>'
typed "virsh metadata demo --config --uri $SIM_XMLNS --key sim --set '"
printf '    %s'"'"'\n' "$element"
domain_watch $name "$element" || give_up "the <sim:sim> element was not taken up"
echo "  The manager saw it: <emulator> is now $(emulator_of $name)"

title "2. Started: its kernel is found in memory and armed before the first process runs"
typed "virsh start demo"
domain_start $name || give_up "virsh start"
domain_ready $name 90 || give_up "the guest did not come up; its console: $(tail -n 3 "$(console $name).log")"
info=$(json info)
if [ "$(jq -r .state <<<"$info")" != armed ]; then
    give_up "the guest is not armed: $(jq -r '.failure.reason // .problem // .state' <<<"$info")"
fi
armed=true
paused=$(jq .guest.pausedMs <<<"$info")
jq -r '.guest | "  Linux \(.kernel), \(.pagingLevels)-level paging: \(.symbols) symbols and \(.types) types found in its memory;
  \(.hooks | length) hooks set; the guest stood for \(.pausedMs) ms:",
  (.steps[] | select(.paused) | "    \(.ms * 10 | round / 10) ms  \(.step)")' <<<"$info"
jq -r '.monitors as $monitors | .guest.hooks | group_by(.monitor)[] |
    "    \($monitors[.[0].monitor]): \(map(.site) | join(", "))"' <<<"$info"

title "3. What the guest does, as the monitor inside it sees it, live"
virt-sim events $name --follow > >(sed -u 's/^/  /') 2>&1 &
follower=$!
sleep 1
guest $name 20 'cat /proc/version >/dev/null; sh -c "id; echo hello >/tmp/file"; nc -w 1 127.0.0.1 22; uname -a' >/dev/null || true
guest $name 20 '/workload forks 3' >/dev/null || failed+=("the workload")
sleep 1
kill $follower 2>/dev/null || true
wait $follower 2>/dev/null || true

title "4. Now the attacker has the guest's kernel: a rootkit is loaded"
# What a guest can never know: where this boot's region lies.
region=$(json info --layout | jq -r '[.layout.segments[] | select(.view == "sim") |
    select(.name == "gate G2" or .name == "ring" or .name == "SIM page tables" or .name == "process r-x")]')
attack() { # attack PARAMETERS: what the rootkit itself saw
    guest $name 20 "dmesg -c >/dev/null; insmod /rootkit.ko $1 && rmmod rootkit; dmesg | sed -n 's/.*\\(rootkit: g.*\\|rootkit: [hpn].*\\)/    guest: \\1/p'" || failed+=("the rootkit ($1)")
}
violations() { json violations | jq -rs --arg since "$1" --arg kind "$2" '.[] | select(.time > $since and .kind == $kind) | "\(.time[11:23])  \(.text)"'; }
findings() { json findings | jq -rs --arg since "$1" --arg class "$2" '.[] | select(.time > $since and .class == $class) | "\(.time[11:23])  \(.text)"'; }
now() { date -u +%Y-%m-%dT%H:%M:%S.%NZ; }
seen() { # seen SECONDS COMMAND…: its output, as soon as there is some
    local until=$((SECONDS + $1)) said
    shift
    while :; do
        said=$("$@")
        if [ -n "$said" ]; then printf '%s\n' "$said"; return 0; fi
        [ $SECONDS -lt $until ] || return 1
        sleep 0.3
    done
}

echo "  (a) It is even told where this boot's $(jq -r '[.[].name] | join(", ")' <<<"$region") lie, and reads and writes there:"
since=$(now)
attack "probe_gpa=$(jq -r '[.[].gpa] | join(",")' <<<"$region")"
probed() { # each address, read and written
    local reports gpa
    reports=$(violations "$since" probe)
    for gpa in $(jq -r '.[].gpa' <<<"$region"); do
        grep -q "read of gpa $gpa " <<<"$reports" && grep -q "write of gpa $gpa " <<<"$reports" || return 0
    done
    printf '%s\n' "$reports"
}
if said=$(seen 10 probed); then
    probe_reported=true
    head -n 2 <<<"$said" | sed 's/^/    SIM:   /'
    echo "    SIM:   … $(wc -l <<<"$said") such reports, a read and a write for each"
else
    failed+=("a probe was not reported")
fi

# A hook at a function's start; the others redirect calls in the entry code.
function=$(jq -r '.guest.hooks[].site' <<<"$info" | sed -nE 's/^([a-z_]+)(\+0x[04])?$/\1/p' | head -n 1)
[ -n "$function" ] || give_up "there is no hook at a function's start"
address="0x\$(sed -n 's/^\\([0-9a-f]*\\) [tT] $function\$/\\1/p' /proc/kallsyms)"
echo "  (b) It puts the NOP back over the hook in $function:"
since=$(now)
attack "overwrite=$address"
overwrite_reported=false
if said=$(seen 10 violations "$since" sealed-write); then
    overwrite_reported=true
    head -n 1 <<<"$said" | sed 's/^/    SIM:   /'
else
    failed+=("the overwritten hook was not reported")
fi

echo "  (c) It leaves the page alone, and has the page table show a copy without the hook:"
since=$(now)
attack "remap=$address"
if said=$(seen 20 findings "$since" hooks); then
    head -n 1 <<<"$said" | sed 's/^/    SIM:   /'
    tamper_found=$overwrite_reported
else
    failed+=("the remapped hook was not found")
fi

status=$(json status)
events=$(jq .ring.received <<<"$status")
lost=$(jq '.ring.dropped + .ring.missing' <<<"$status")
[ "$lost" -eq 0 ] || failed+=("$lost events were lost")
[ "$events" -gt 0 ] || failed+=("no event was seen")
guest $name 1 'poweroff -f' >/dev/null || true
domain_gone $name 30 || failed+=("the guest did not shut down")
domain_forget $name
report
echo
if [ ${#failed[@]} -gt 0 ]; then
    printf -v why '%s; ' "${failed[@]}"
    give_up "${why%; }"
fi
echo "SIM demo: passed: Linux $release armed in $paused ms; $events events, none lost; probe, overwritten hook and remapped page all reported"
