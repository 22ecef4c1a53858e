#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vtx.sh: tries the series for Linux and QEMU in an emulated CPU with VT-x, which any machine can: the host's own
# virtualization is not touched. Builds first what is missing. $SIM_QEMU_BUILD is the folder of the built QEMU.
#
#   vtx.sh [--serial] [PART…]
#       PARTs: selftests   KVM's selftests of the series
#              qtests      QEMU's qtests of the series, on the patched KVM
#              armed       guests of Debian's kernels 6.1 and 6.12, armed by sim-manager on the patched KVM with the
#                          gates vmfunc and hypercall, and on the same Linux without the series with the gate exit
#              sample      of these guests one: 6.12 with the gate vmfunc
#       Default: selftests and armed. --serial shows what the machines write while they run.
#
# Writes `ok …` or `not ok …` for each case, `# …` for what was measured, and target/reports/vtx.json:
#
#   selftests.passed, selftests.failed     cases of KVM's selftests; one of the series that finds no SIM view fails
#   qtests.passed, qtests.failed
#   armed                                  true if everything about every guest was as it should be
#   calls, exits_per_call                  of the monitor through the gate vmfunc, all guests; exits in the midst of calls as
#                                          KVM traces them, but for those that the emulated machine's own clock causes
#   figures                                what was measured of each guest
#   seconds                                of the runs, not of the builds
#
# The logs are target/reports/vtx-*.log and target/reports/vtx-logs. Status 0 only if all passed and no kernel warned.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/../../scripts/progress.sh
. "$here/../../scripts/progress.sh"
reports=$here/../../../target/reports
serial=no parts=()
for argument in "$@"; do
    case $argument in
        --serial) serial=yes ;;
        selftests | qtests | armed | sample) parts+=("$argument") ;;
        *) fail "what is '$argument'? --serial, selftests, qtests, armed, sample" ;;
    esac
done
[ ${#parts[@]} -gt 0 ] || parts=(selftests armed)
wanted() { [[ " ${parts[*]} " == *" $1 "* ]]; }

"$here/build-bochs.sh" >/dev/null
kernel=$("$here/build-kernel.sh")
if wanted armed || wanted sample || wanted qtests; then
    : "${SIM_QEMU_BUILD:?the folder of the built QEMU: use ./dev vtx}"
    "$here/mkroot.sh" >/dev/null
    layer=$("$here/host-layer.sh" 6.1 6.12 7)
fi
if wanted armed; then unpatched=$("$here/build-kernel.sh" --unpatched)/bzImage; fi

work=$(mktemp -d "$CACHE/vtx-run.XXXXXX")
trap 'jobs -p | xargs -r kill 2>/dev/null; rm -rf "$work"' EXIT
mkdir -p "$reports"
rm -rf "$reports"/vtx.json "$reports"/vtx-*.log "$reports/vtx-logs"

# machine NAME OPTION…: a run of the emulated machine; its output and status are kept.
machine() {
    local name=$1 status=0
    shift
    "$here/run-l1.sh" "$@" >"$reports/vtx-$name.log" 2>&1 || status=$?
    echo "vtx: status $status" >>"$reports/vtx-$name.log"
}
selftests() {
    mkdir -p "$work/selftests"
    cp -a "$kernel/selftests" "$work/selftests/"
    machine selftests --kernel "$kernel/bzImage" --root none --layer "$work/selftests" --ips 50000000 \
        --append kvm.nx_huge_pages=force "$here/selftests.sh"
}
qtests() {
    mkdir -p "$work/qtests/sim"
    cp -a "$SIM_QEMU_BUILD/qtest" "$work/qtests/sim/"
    machine qtests --kernel "$kernel/bzImage" --layer "$layer" --layer "$work/qtests" "$here/l1-qtest.sh"
}
armed() { # armed NAME KERNEL GUEST…
    local name=$1 bzimage=$2
    shift 2
    machine "$name" --kernel "$bzimage" --memory 2048 --limit 1800 --layer "$layer" --results "$reports/vtx-logs/$name" \
        "$here/l1-host.sh" /sim/testbed/vtx/armed.sh "$@"
}
# Two at a time: more would only take turns on a machine of two cores.
first_half() {
    if wanted armed; then
        armed patched "$kernel/bzImage" 6.1:vmfunc 6.12:vmfunc 6.12:hypercall \
            6.12,pti=off,vcpus=4:vmfunc 7,pti=on:vmfunc
    elif wanted sample; then
        armed patched "$kernel/bzImage" 6.12:vmfunc
    fi
}
second_half() {
    if wanted selftests; then selftests; fi
    if wanted qtests; then qtests; fi
    if wanted armed; then armed unpatched "$unpatched" 6.12:exit; fi
}
run() {
    local halves=()
    first_half & halves+=($!)
    second_half & halves+=($!)
    tail -n 0 -q -F "$reports"/vtx-{selftests,qtests,patched,unpatched}.log 2>/dev/null &
    local follower=$!
    wait "${halves[@]}"
    kill "$follower"
}
start=$SECONDS
if [ $serial = yes ]; then run >&2; else step "Running the emulated machines" run; fi
seconds=$((SECONDS - start))

# judge KIND NAME…: the cases of these machines as TAP lines, and how many passed and failed to $work/count-KIND.
judge() {
    local kind=$1 name logs=()
    shift
    for name in "$@"; do logs+=("$reports/vtx-$name.log"); done
    awk -v kind="$kind" -v counts="$work/count-$kind" '
        function result(good, text) { print (good ? "ok " : "not ok ") text; if (good) passed++; else failed++ }
        function machine_ended() { if (machine && !done) result(0, machine ": the machine ran to the end" (test ? " (it stopped in " test ")" : "")) }
        FNR == 1 { machine_ended(); machine = FILENAME; sub(/.*\/vtx-/, "", machine); sub(/\.log$/, "", machine); done = 0; test = "" }
        { sub(/\r$/, "") }
        /^vtx: start / { test = $3; cases = bad = 0; next }
        /^vtx: end / {
            # A test without cases of its own, or one that failed without saying which. One of upstream may lack
            # something here and end with 4; that those of the series find no SIM view is a failure.
            if (!cases && $4 == 4 && test !~ /^sim_/) print "ok " test " # SKIP needs what this machine lacks"
            else if (!cases) result($4 == 0, test ($4 == 4 ? ": KVM has no SIM view" : ""))
            else if ($4 != 0 && !bad) result(0, test ": ended with status " $4)
            ended++; test = ""; next
        }
        /^l1: kernel .*(WARNING|BUG|cut here|Oops)/ { result(0, machine ": " substr($0, 5)); next }
        /^vtx: status / {
            done = 1
            if ($3 == 124 || $3 == 125) result(0, machine ": the machine ran to the end (" last ")")
            else if ($3 != 0 && !failed) result(0, machine ": ended with status " $3 ": " last)
            next
        }
        /^(not )?ok / {
            good = ($1 == "ok"); name = $0; sub(/^(not )?ok ([0-9]+ )?(- )?(global\.)?/, "", name)
            if (test) name = test ": " name
            cases++; ended++; if (!good) bad++
            # A case of ours that the machine which is made for it cannot run is no success.
            if (/# SKIP/ && test !~ /^sim_/ && kind != "qtests") print "ok " name; else result(good && !/# SKIP/, name)
            next
        }
        /^# (calls|2 MiB|figure|  [a-z])/ || /^    / { print }
        { last = $0 }
        END {
            machine_ended()
            if (!ended) result(0, kind ": a test ran")
            print passed + 0, failed + 0 > counts
        }' "${logs[@]}"
}
if wanted selftests; then judge selftests selftests; fi
if wanted qtests; then judge qtests qtests; fi
if wanted armed; then judge armed patched unpatched; elif wanted sample; then judge armed patched; fi
count() { if [ -e "$work/count-$1" ]; then cut -d' ' -f"$2" "$work/count-$1"; else echo null; fi; }

figures=$(cat "$reports"/vtx-{patched,unpatched}.log 2>/dev/null | tr -d '\r' |
    jq -Rn '[inputs | capture("^# figure (?<name>[^ ]+) (?<value>[-0-9.e]+)$") | {(.name): (.value | tonumber)}] | add // {}')
total() { cat "$work"/count-{selftests,qtests,armed} 2>/dev/null | awk -v column="$1" '{ n += $column } END { print n + 0 }'; }
jq -n --argjson figures "$figures" --argjson seconds "$seconds" --argjson sp "$(count selftests 1)" --argjson sf "$(count selftests 2)" \
    --argjson qp "$(count qtests 1)" --argjson qf "$(count qtests 2)" --argjson af "$(count armed 2)" '
    def sum(name): [$figures | to_entries[] | select(.key | startswith(name + ".vmfunc-")) | .value] | add;
    {"selftests.passed": $sp, "selftests.failed": $sf, "qtests.passed": $qp, "qtests.failed": $qf,
     armed: (if $af == null then null else $af == 0 end), calls: sum("calls"),
     exits_per_call: (if sum("calls") == null then null else sum("unexplained_exits") / sum("calls") end),
     figures: $figures, seconds: $seconds}' >"$reports/vtx.json"
passed=$(total 1) || true
failed=$(total 2) || true
echo "$passed passed, $failed failed, in $seconds s"
[ "$failed" = 0 ] || { say "The logs: target/reports/vtx-*.log, target/reports/vtx-logs"; exit 1; }
