#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# scale.sh [--domains N] [--guests N] [--rounds N] [--idle SECONDS]: what a manager costs that has many domains. `./dev scale` calls it with
# --prepare, and then on a private host: N domains under SIM that are defined and do not run (500), and N armed guests beside them (8; two
# cores are enough for them, as they idle). All are libvirt's QEMU driver's: SIM refuses domains of its test driver. Prints what it
# finds and writes target/reports/scale.json:
#
#   rss_mib        resident memory of the manager at the end; below 400
#   cpu_percent    share of a core that it takes while nothing happens, scheduled checks included; below 2
#   status_ms      median time of a status call of an armed guest, status_p99_ms the slowest but one in a hundred; median below 20
#   check_share    speed of a full check of a guest, of a plain sequential read of as much of its memory; at least 0.6
#   growth_mib     what N rounds (1000) of taking a domain under SIM and off again added to the heap's anonymous memory, threads and files
#   tried, failed  limits that were looked at, and missed; false_findings what was found in guests that nobody attacked
#
# Other load on the machine shows in the times.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
# shellcheck source=SCRIPTDIR/../scripts/progress.sh
. "$here/../scripts/progress.sh"

mode=measure domains=500 guests=8 rounds=1000 idle=60
if [ "${1:-}" = --prepare ]; then mode=prepare; shift; fi
while [ $# -gt 0 ]; do
    [[ ${2:-} =~ ^[0-9]+$ ]] || fail "scale: $1 needs a number"
    case $1 in
        --domains) domains=$2 ;;
        --guests) guests=$2 ;;
        --rounds) rounds=$2 ;;
        --idle) idle=$2 ;;
        *) fail "scale: no option '$1'; there are --domains, --guests, --rounds and --idle" ;;
    esac
    shift 2
done
initrd=$CACHE/guests/scale.initrd
if [ $mode = prepare ]; then
    mkdir -p "$CACHE/guests"
    "$here/guest/mkinitrd.sh" "$("$here/guest/kernels.sh" 6.12)" "$initrd"
    exit 0
fi

# shellcheck source=SCRIPTDIR/scenarios/tap.sh
. "$here/scenarios/tap.sh"
# shellcheck source=SCRIPTDIR/host/manager.sh
. "$here/host/manager.sh"
# shellcheck source=SCRIPTDIR/host/check-speed.sh
. "$here/host/check-speed.sh"
kernel=$CACHE/kernels/6.12
tried=0

pid=$(manager_pid)
field() { sed -n "s/^$1:[[:space:]]*\([0-9]*\).*/\1/p" "/proc/$pid/status"; }
ticks() { awk '{print $14 + $15}' "/proc/$pid/stat"; }
files() { find "/proc/$pid/fd" -mindepth 1 | wc -l; }
limit() { # limit TEXT VALUE MOST
    tried=$((tried + 1))
    if awk "BEGIN {exit !($2 < $3)}"; then echo "ok $1: $2 (below $3)"; else _not_ok "$1" "$2 is not below $3"; fi
}

# --- many domains ----------------------------------------------------------------------------------------------
element="<sim:sim xmlns:sim='$SIM_XMLNS' required='yes'><sim:monitor name='syscalls'/><sim:monitor name='process'/></sim:sim>"
for ((i = 0; i < domains; i++)); do
    cat >"$work/domain-$i.xml" <<END
<domain type='qemu'><name>many-$i</name><metadata>$element</metadata><memory unit='MiB'>64</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type></os><devices><emulator>/usr/lib/qemu-sim/qemu-system-x86_64</emulator></devices></domain>
END
    echo "define $work/domain-$i.xml"
done >"$work/define"
define_all() { virsh -q <"$work/define" >/dev/null; }
known() { [ "$(ask list | jq -r 'select(.state == "inactive") | .name' | wc -l)" -ge "$domains" ]; }
step "Defining $domains domains" define_all
check "the manager knows $domains domains" wait_until 300 known

# --- a few that run ----------------------------------------------------------------------------------------------
start_guests() {
    for ((i = 0; i < guests; i++)); do
        domain_define "armed-$i" "$kernel" "$initrd" memory=256
        domain_watch "armed-$i" "<sim required='yes'><monitor name='syscalls'/><monitor name='process'/></sim>"
        domain_start "armed-$i"
        domain_ready "armed-$i" 300 || return 1
        echo "armed-$i is up"
    done
}
step "Starting $guests guests" start_guests || fail "scale: a guest does not start"
all_armed() { [ "$(ask list | jq -r 'select(.state == "armed") | .name' | wc -l)" -eq "$guests" ]; }
check "$guests guests are armed" wait_until 300 all_armed

# --- idle ----------------------------------------------------------------------------------------------------------
sleep 10
before=$(ticks)
step "Watching the manager idle for $idle s" sleep "$idle"
cpu=$(awk "BEGIN {printf \"%.2f\", ($(ticks) - $before) * 100 / $(getconf CLK_TCK) / $idle}")
limit "share of a core while idle, percent" "$cpu" 2

# --- status --------------------------------------------------------------------------------------------------------
cat >"$work/status" <<'END'
import socket, sys, time
request = b'{"verb": "status", "domain": "%s"}' % sys.argv[1].encode()
took = []
for _ in range(300):
    begun = time.monotonic()
    with socket.socket(socket.AF_UNIX) as manager:
        manager.connect("/run/sim-manager/sim-manager.sock")
        manager.sendall(b"request %d\n%s" % (len(request), request))
        while manager.recv(65536):
            pass
    took.append((time.monotonic() - begun) * 1000)
took.sort()
print("%.2f %.2f" % (took[len(took) // 2], took[len(took) * 99 // 100]))
END
read -r status_ms status_p99 < <(python3 "$work/status" armed-0)
limit "median status call, ms" "$status_ms" 20
say "  99 of 100 status calls took less than $status_p99 ms"

# --- checks --------------------------------------------------------------------------------------------------------
speed=$(check_speed armed-0)
say "  a full check: $speed"
limit "a plain read's speed, of a full check's" "$(jq '1 / .share' <<<"$speed")" 1.667

# --- rounds ----------------------------------------------------------------------------------------------------------
cat >"$work/rounds" <<'END'
import json, socket, sys
def ask(request):
    request = json.dumps(request).encode()
    with socket.socket(socket.AF_UNIX) as manager:
        manager.connect("/run/sim-manager/sim-manager.sock")
        manager.sendall(b"request %d\n%s" % (len(request), request))
        last = [json.loads(line) for line in manager.makefile()][-1]
    if "error" in last:
        sys.exit("round %d: %s" % (number, last["error"]))
first, rounds, domains = map(int, sys.argv[1:])
for number in range(first, first + rounds):
    name = "many-%d" % (number % domains)
    ask({"verb": "remove", "domain": name, "persistent": True})
    ask({"verb": "apply", "domain": name, "persistent": True, "element": "<sim><monitor name='syscalls'/></sim>"})
    if number % 50 == 0:
        print("round %d" % number, flush=True)
END
warm=$((rounds / 5))
check "the first $warm rounds of remove and apply" python3 "$work/rounds" 0 $warm "$domains"
sleep 15
anonymous=$(field RssAnon) threads=$(field Threads) open=$(files)
many_rounds() { python3 "$work/rounds" "$warm" "$rounds" "$domains"; }
step "$rounds rounds of remove and apply" many_rounds || fail "scale: a round failed"
tried=$((tried + rounds))
sleep 15
growth=$(awk "BEGIN {printf \"%.1f\", ($(field RssAnon) - $anonymous) / 1024}")
limit "growth of memory over $rounds rounds, MiB" "$growth" 16
limit "growth of threads" $(($(field Threads) - threads)) 6
limit "growth of open files" $(($(files) - open)) 6
check "every domain is under SIM again" wait_until 60 known
rss=$(awk "BEGIN {printf \"%.1f\", $(field VmRSS) / 1024}")
limit "resident memory, MiB" "$rss" 400
findings=0
for ((i = 0; i < guests; i++)); do
    findings=$((findings + $(ask status "armed-$i" | jq '.findings + .violations')))
done
limit "findings in guests that nobody attacked" $findings 1

mkdir -p "$top/target/reports"
printf '{"tried": %d, "failed": %d, "rss_mib": %s, "cpu_percent": %s, "false_findings": %d, "domains": %d, "guests": %d, "rounds": %d, "status_ms": %s, "status_p99_ms": %s, "growth_mib": %s, "check_share": %s, "cores": %d}\n' \
    "$tried" "$_failed" "$rss" "$cpu" "$findings" "$domains" "$guests" "$rounds" "$status_ms" "$status_p99" "$growth" "$(jq .share <<<"$speed")" "$(nproc)" >"$top/target/reports/scale.json"
say "target/reports/scale.json: $(cat "$top/target/reports/scale.json")"
finish
