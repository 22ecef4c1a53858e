#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# test.sh [SUITE…]: runs the suites of tests (all of them, or those named) and counts. `./dev test`
# calls it when everything is built. A suite is a command; what counts are the lines that it writes:
#
#   ok TEXT                       a test that passed
#   ok TEXT # SKIP REASON         one that could not be run
#   ok TEXT # RETRIED REASON      one that passed, but not at once
#   ok TEXT # TOLERATED REASON    one that passed with something that should not last
#   not ok TEXT                   a test that failed
#   N passed, N failed[, N skipped]   a suite's own sum
#
# A suite that fails without saying which test did counts as one failure, and so does one that ran
# nothing. $SIM_TEST_JOBS suites (1) run at the same time, longest first; each has a private host of
# its own. One that measures times of milliseconds runs alone, last. Logs: target/reports/tests/SUITE.log.
# Sum: the last line, and target/reports/test.json, with the figures and seconds of each suite.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
# shellcheck source=SCRIPTDIR/../scripts/progress.sh
. "$here/../scripts/progress.sh"
reports=$PWD/target/reports

suite_lint() { .ci/lint; }
suite_series() { native-qemu-patch/scripts/check-series.sh; }

suite_qtest() {
    local test
    for test in "${SIM_QEMU_BUILD:?}"/qtest/*; do
        [ -e "$test" ] || { echo "ok qtests # SKIP the series brings no qtest"; return 0; }
        # -k: go on after a failure; --tap: one line a test.
        QTEST_QEMU_BINARY=$SIM_QEMU_BUILD/qemu-system-x86_64 "$test" -k --tap
    done
}

suite_monitor() { make -s -C native-qemu-patch/monitor check; }
suite_launcher() { make -s -C native-qemu-patch/launcher check; }
suite_hook() { make -s -C libvirt-hook check; }
suite_cloud() { packaging/cloud/tests/run.sh; }

# Surefire's reports tell what ran; `mvn` itself only whether all went well.
maven() {
    local status=0
    rm -rf ./*/target/surefire-reports
    mvn -B -Dstyle.color=never -Dmaven.test.failure.ignore=true "$@" || status=$?
    "$here/surefire-tap.py" ./*/target/surefire-reports/TEST-*.xml
    return $status
}
suite_maven() { maven verify; }
# One process for each core: these tests share nothing, and wait for nothing.
suite_unit() { maven test -DexcludedGroups=integration -DforkCount=1C; }

scenario() {
    PRIVATE_HOST_KEEP_LOGS=$reports/tests/host-$1 \
        "$here/host/private-host.sh" "$here/scenarios/$1.sh" "${@:2}"
}

# The first to begin are those that take longest. `unit` is part of `maven`.
long=(maven survival gates guests integrity faults)
suites=("${long[@]}")
for file in "$here"/scenarios/*.sh; do
    name=$(basename "$file" .sh)
    [[ " tap ${long[*]} " == *" $name "* ]] || suites+=("$name")
done
suites+=(series lint qtest monitor launcher cloud hook)
alone=hook

if [ "${1:-}" = --list ]; then
    printf '%s\n' "${suites[@]}" unit
    exit 0
fi
chosen=("$@")
[ $# -gt 0 ] || chosen=("${suites[@]}")
for suite in "${chosen[@]}"; do
    printf '%s\n' "${suites[@]}" unit | grep -qxF -- "$suite" || fail "no suite '$suite'; there are: ${suites[*]} unit"
done

# What guests need comes from the network, which no test has: fetch it first.
needs_guests() {
    local suite
    for suite in "${chosen[@]}"; do
        if [ "$suite" = maven ] || [ -e "$here/scenarios/$suite.sh" ]; then return 0; fi
    done
    return 1
}
if needs_guests; then
    for kernel in $("$here/guest/kernels.sh" 6.1 6.12 7); do "$here/rootkit/build.sh" "$kernel" >/dev/null; done
    "$here/guest/rows.sh" --sample | cut -d ' ' -f 1 | xargs "$here/guest/kernels.sh" >/dev/null
    "$here/guest/mkimage.sh" >/dev/null
fi

mkdir -p "$reports/tests"
rm -f "$reports/test.json"
declare -A began=() process=()
results='{}'
# What a count in test.json is of, as a pattern of lines.
declare -A lines=([skipped]='^ok .*# (SKIP|skip)' [retried]='^ok .*# RETRIED' [tolerated]='^ok .*# TOLERATED')

begin() { # begin SUITE
    began[$1]=$SECONDS
    if declare -F "suite_$1" >/dev/null; then "suite_$1"; else scenario "$1"; fi >"$reports/tests/$1.log" 2>&1 &
    process[$1]=$!
}

finish() { # finish SUITE: counts what its log says, shows what did not simply pass
    local suite=$1 log="$reports/tests/$1.log" seconds=$((SECONDS - began[$1])) status=0 p f s kind
    local -A count=()
    wait "${process[$suite]}" || status=$?
    unset "process[$suite]"
    for kind in skipped retried tolerated; do count[$kind]=$(grep -acE "${lines[$kind]}" "$log") || true; done
    count[passed]=$(($(grep -acE '^ok ' "$log" || true) - count[skipped]))
    count[failed]=$(grep -acE '^not ok ' "$log") || true
    while read -r p f s; do
        count[passed]=$((count[passed] + p)) count[failed]=$((count[failed] + f)) count[skipped]=$((count[skipped] + s))
    done < <(sed -nE 's/^([^ ]+: )?([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?.*/\2 \3 0\5/p' "$log")
    if [ $status -ne 0 ] && [ "${count[failed]}" -eq 0 ]; then
        count[failed]=1
        echo "not ok the suite ended with status $status" >>"$log"
    elif [ $((count[passed] + count[failed] + count[skipped])) -eq 0 ]; then
        count[failed]=1
        echo "not ok the suite ran nothing" >>"$log"
    fi
    say "$(printf '%-16s %4d passed, %d failed, %d skipped  (%d s)' \
        "$suite" "${count[passed]}" "${count[failed]}" "${count[skipped]}" "$seconds")"
    grep -aE '^ok .*# (SKIP|skip|RETRIED|TOLERATED)' "$log" |
        sed -E 's/^ok (.*) # (SKIP|skip)/    skipped: \1:/; s/^ok (.*) # RETRIED/    retried: \1:/;
            s/^ok (.*) # TOLERATED/    tolerated: \1:/' >&2 || true
    if [ "${count[failed]}" -gt 0 ]; then
        grep -aE -A 10 '^(not ok|FAIL)' "$log" | grep -avE '^(ok |--$)' | cut -c1-200 | head -n 60 | sed 's/^/    /' >&2 || true
        [ "$status" -eq 0 ] || tail -n 8 "$log" | cut -c1-200 | sed 's/^/    | /' >&2
        say "    all of it: ${log#"$PWD/"}"
    fi
    results=$(jq --arg suite "$suite" --argjson seconds "$seconds" --argjson passed "${count[passed]}" \
        --argjson failed "${count[failed]}" --argjson skipped "${count[skipped]}" \
        --argjson retried "${count[retried]}" --argjson tolerated "${count[tolerated]}" \
        '.[$suite] = {passed: $passed, failed: $failed, skipped: $skipped, retried: $retried,
            tolerated: $tolerated, seconds: $seconds}' <<<"$results")
}

waiting=("${chosen[@]}") next=10
may_begin() {
    [ ${#waiting[@]} -gt 0 ] || return 1
    if [ "${waiting[0]}" = $alone ] || [ -n "${process[$alone]:-}" ]; then
        [ ${#process[@]} -eq 0 ]
    else
        [ ${#process[@]} -lt "${SIM_TEST_JOBS:-1}" ]
    fi
}
while [ ${#waiting[@]} -gt 0 ] || [ ${#process[@]} -gt 0 ]; do
    while may_begin; do
        begin "${waiting[0]}"
        waiting=("${waiting[@]:1}")
    done
    sleep 0.2
    for suite in "${!process[@]}"; do kill -0 "${process[$suite]}" 2>/dev/null || finish "$suite"; done
    if [ $SECONDS -ge $next ]; then
        for suite in "${!process[@]}"; do
            say "  … $suite ($((SECONDS - began[$suite])) s) $(_progress_line "$reports/tests/$suite.log")"
        done
        next=$((SECONDS + 30))
    fi
done

jq --argjson seconds $SECONDS '(reduce .[] as $suite ({}; reduce ("passed", "failed", "skipped", "retried", "tolerated") as $kind
    (.; .[$kind] += $suite[$kind]))) + {seconds: $seconds, suites: .}' <<<"$results" >"$reports/test.json"
jq -r '"\(.passed) passed, \(.failed) failed, \(.skipped) skipped, \(.retried) retried, \(.tolerated) tolerated"' "$reports/test.json"
[ "$(jq .failed "$reports/test.json")" -eq 0 ]
