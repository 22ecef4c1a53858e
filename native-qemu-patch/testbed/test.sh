#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# test.sh [SUITE…]: runs the suites of tests (all of them, or those named) and counts. `./dev test` calls it when
# everything is built. A suite is a command; what counts are the lines that it writes:
#
#   ok TEXT                     a test that passed            ok TEXT # SKIP REASON    one that could not be run
#   not ok TEXT                 a test that failed            N passed, N failed[, N skipped]    a suite's own sum
#
# A suite that fails without saying which test did counts as one failure, and so does one that ran nothing.
# Logs: target/reports/tests/SUITE.log. Sum: the last line, and target/reports/test.json.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
# shellcheck source=SCRIPTDIR/../scripts/progress.sh
. "$here/../scripts/progress.sh"
reports=$PWD/target/reports

suite_shell() {
    local script said
    git ls-files | while IFS= read -r script; do
        head -c 64 "$script" | head -n 1 | grep -qaE '^#!.*\b(ba|da)?sh\b' || continue
        if said=$(shellcheck --format=gcc "$script" 2>&1); then
            echo "ok shellcheck $script"
        else
            printf 'not ok shellcheck %s\n%s\n' "$script" "$said"
        fi
    done
}

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
suite_maven() {
    local status=0
    rm -rf ./*/target/surefire-reports
    mvn -B -Dstyle.color=never -Dmaven.test.failure.ignore=true verify || status=$?
    python3 - ./*/target/surefire-reports/TEST-*.xml <<'END'
import sys, xml.etree.ElementTree as tree
passed = failed = skipped = 0
for name in sys.argv[1:]:
    for case in tree.parse(name).getroot().iter("testcase"):
        label = "%s: %s" % (case.get("classname").removeprefix("org.simvm."), case.get("name"))
        skip = case.find("skipped")
        wrong = case.find("failure") if case.find("failure") is not None else case.find("error")
        if wrong is not None:
            print("not ok " + label.replace("\n", " "))
            print("\n".join("    " + line for line in (wrong.text or "").splitlines()[:12]))
        elif skip is not None:
            # The reason may come with a stack trace; before it stands the exception's name.
            reason = (skip.get("message") or skip.text or "no reason given").split("\n")[0].split("skipped: ")[-1]
            print("ok %s # SKIP %s" % (label.replace("\n", " "), " ".join(reason.split())))
        else:
            print("ok " + label.replace("\n", " "))
END
    return $status
}

scenario() {
    PRIVATE_HOST_KEEP_LOGS=$reports/tests/host-$1 "$here/host/private-host.sh" "$here/scenarios/$1.sh" "${@:2}"
}

suites=(shell series qtest monitor launcher hook cloud maven)
for file in "$here"/scenarios/*.sh; do
    name=$(basename "$file" .sh)
    case $name in
        tap) ;;
        *) suites+=("$name") ;;
    esac
done

if [ "${1:-}" = --list ]; then
    printf '%s\n' "${suites[@]}"
    exit 0
fi
chosen=("$@")
[ $# -gt 0 ] || chosen=("${suites[@]}")
for suite in "${chosen[@]}"; do
    printf '%s\n' "${suites[@]}" | grep -qxF -- "$suite" || fail "no suite '$suite'; there are: ${suites[*]}"
done

# What guests need comes from the network, which no test has: fetch it first.
case " ${chosen[*]} " in
    *" maven "* | *" guests "* | *" integrity "* | *" debian "* | *" faults "* | *" unprotected "* | *" operator "* | *" gates "* | *" survival "*)
        for kernel in $("$here/guest/kernels.sh" 6.1 6.12 7); do "$here/rootkit/build.sh" "$kernel" >/dev/null; done
        "$here/guest/mkimage.sh" >/dev/null
        ;;
esac

mkdir -p "$reports/tests"
total_passed=0 total_failed=0 total_skipped=0
rm -f "$reports/test.json"

run_suite() {
    local suite=$1 log="$reports/tests/$1.log" start=$SECONDS status=0 pid passed failed skipped p f s next=10
    if declare -F "suite_$suite" >/dev/null; then "suite_$suite" >"$log" 2>&1 & else scenario "$suite" >"$log" 2>&1 & fi
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        if [ $((SECONDS - start)) -ge "$next" ]; then
            say "  … $suite ($((SECONDS - start)) s) $(_progress_line "$log")"
            next=$((SECONDS - start + 30))
        fi
        sleep 0.2
    done
    wait "$pid" || status=$?
    skipped=$(grep -acE '^ok .*# (SKIP|skip)' "$log") || true
    passed=$(($(grep -acE '^ok ' "$log" || true) - skipped))
    failed=$(grep -acE '^not ok ' "$log") || true
    while read -r p f s; do
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    done < <(sed -nE 's/^([^ ]+: )?([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?.*/\2 \3 0\5/p' "$log")
    if [ $status -ne 0 ] && [ "$failed" -eq 0 ]; then
        failed=1
        echo "not ok the suite ended with status $status" >>"$log"
    elif [ $((passed + failed + skipped)) -eq 0 ]; then
        failed=1
        echo "not ok the suite ran nothing" >>"$log"
    fi
    say "$(printf '%-16s %4d passed, %d failed, %d skipped  (%d s)' "$suite" "$passed" "$failed" "$skipped" $((SECONDS - start)))"
    grep -aE '^ok .*# (SKIP|skip)' "$log" | sed -E 's/^ok (.*) # (SKIP|skip) *(.*)/    skipped: \1: \3/' >&2 || true
    # What was no failure because a second try passed, with the evidence of the first.
    grep -aE -A 12 '^tried again' "$log" | cut -c1-200 | sed 's/^/    /' >&2 || true
    if [ "$failed" -gt 0 ]; then
        grep -aE -A 10 '^(not ok|FAIL)' "$log" | grep -avE '^(ok |--$)' | cut -c1-200 | head -n 60 | sed 's/^/    /' >&2 || true
        [ "$status" -eq 0 ] || tail -n 8 "$log" | cut -c1-200 | sed 's/^/    | /' >&2
        say "    all of it: ${log#"$PWD/"}"
    fi
    total_passed=$((total_passed + passed)) total_failed=$((total_failed + failed)) total_skipped=$((total_skipped + skipped))
}

for suite in "${chosen[@]}"; do run_suite "$suite"; done
printf '{"passed": %d, "failed": %d, "skipped": %d, "seconds": %d}\n' \
    "$total_passed" "$total_failed" "$total_skipped" $SECONDS >"$reports/test.json"
echo "$total_passed passed, $total_failed failed, $total_skipped skipped"
[ "$total_failed" -eq 0 ]
