#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fuzz.sh [SECONDS] [TARGET…]: fuzzes what reads memory that a guest wrote, by coverage (Jazzer), for SECONDS (210) in all,
# each target for as long as any other. `./dev fuzz` calls it when they are built. Targets: sim-manager/src/test/java/org/simvm/fuzzing/CorpusTests.java.
#
# An input that reached new code is kept in sim-manager/src/test/fuzzing/TARGET, and `mvn test` runs it again ever after. One that
# made a target throw, take a minute or need 256 MiB is a finding: it is kept there too, as finding-…, and the status is 1.
# Writes target/reports/fuzz.json: {"TARGET": {"executions", "edges", "corpus", "findings"}, …, "seconds"}.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
# shellcheck source=SCRIPTDIR/../scripts/progress.sh
. "$here/../scripts/progress.sh"
JAZZER=0.30.0
tests=sim-manager/src/test
corpus=$tests/fuzzing
work=$PWD/target/fuzz

seconds=210
if [[ ${1:-} =~ ^[0-9]+$ ]]; then seconds=$1; shift; fi
mapfile -t all < <(sed -nE 's/^ +([A-Z][A-Za-z]*Fuzzing)\.class[,)].*/\1/p' "$tests/java/org/simvm/fuzzing/CorpusTests.java")
chosen=("$@")
[ $# -gt 0 ] || chosen=("${all[@]}")
for target in "${chosen[@]}"; do
    printf '%s\n' "${all[@]}" | grep -qxF -- "$target" || fail "fuzz: no target '$target'; there are: ${all[*]}"
done
each=$((seconds / ${#chosen[@]}))
[ $each -ge 5 ] || fail "fuzz: $seconds seconds are less than 5 for each of ${#chosen[@]} targets"

mkdir -p "$work/lib" target/reports
for artifact in jazzer jazzer-api; do
    [ -e "$work/lib/$artifact-$JAZZER.jar" ] || step "Fetching $artifact $JAZZER" mvn -q -B dependency:copy \
        "-Dartifact=com.code-intelligence:$artifact:$JAZZER" "-DoutputDirectory=$work/lib"
done
classes="sim-manager/target/test-classes:sim-manager/target/classes:sim-manager/target/lib/*:$work/lib/*"

# What makes up guests for the targets.
made_up="org.simvm.fuzzing.**:org.simvm.arming.**:org.simvm.guest.memory.SparseGuestMemory:org.simvm.guest.paging.PageTableWriter"
made_up+=":org.simvm.guest.kernel.SyntheticKernel:org.simvm.guest.kernel.BtfWriter"

# jazzer TARGET ARGUMENT…: nothing but our own code is instrumented, and no sanitizer of Jazzer's, which look for other things
jazzer() {
    local file
    file=$(find "$tests/java" -name "$1.java")
    file=${file#"$tests/java/"}
    shift
    java -Xmx256m -cp "$classes" com.code_intelligence.jazzer.Jazzer "--target_class=$(tr / . <<<"${file%.java}")" \
        '--instrumentation_includes=org.simvm.**' "--instrumentation_excludes=$made_up" '--disabled_hooks=**' -rss_limit_mb=2048 "$@"
}

findings=0
report='{}'
for target in "${chosen[@]}"; do
    kept=$corpus/$target grown=$work/$target log=$work/$target.log
    mkdir -p "$kept" "$grown" "$work/found"
    rm -f "$work/found/$target-"*
    jazzer "$target" -timeout=60 "-max_total_time=$each" "-artifact_prefix=$work/found/$target-" "$grown" "$kept" >"$log" 2>&1 &
    pid=$! start=$SECONDS
    while kill -0 $pid 2>/dev/null; do
        sleep 1
        [ $(((SECONDS - start) % 10)) -ne 9 ] || say "  … $target ($((SECONDS - start)) s) $(grep -aoE 'cov: .*' "$log" | tail -n 1 || true)"
    done
    wait $pid && status=0 || status=$?
    found=0
    for input in "$work/found/$target-"*; do
        [ -e "$input" ] || continue
        found=$((found + 1))
        cp "$input" "$kept/finding-$(basename "${input#"$work/found/$target-"}")"
        say "  ✗ $target: $(grep -aE '^== Java Exception|^(java|org)\.[A-Za-z.]*(Error|Exception)|SUMMARY' "$log" | head -n 1): $kept/finding-$(basename "${input#"$work/found/$target-"}")"
    done
    if [ "$status" -ne 0 ] && [ $found -eq 0 ]; then
        tail -n 20 "$log" >&2
        fail "fuzz: $target could not be fuzzed (status $status)"
    fi
    # Of what was found new, what is needed to reach all the code that was reached.
    [ $found -gt 0 ] || jazzer "$target" -set_cover_merge=1 "$kept" "$grown" >"$log.merge" 2>&1 || fail "fuzz: the corpus of $target could not be merged: $log.merge"
    executions=$(sed -nE 's/^Done ([0-9]+) runs.*/\1/p' "$log" | tail -n 1)
    edges=$(grep -aoE 'cov: [0-9]+' "$log" | tail -n 1 | tr -dc 0-9)
    say "$(printf '%-20s %9s executions, %5s edges, %4s inputs kept, %d findings' "$target" "${executions:--}" "${edges:--}" "$(find "$kept" -type f | wc -l)" $found)"
    report=$(jq --arg target "$target" --argjson executions "${executions:-0}" --argjson edges "${edges:-0}" \
        --argjson corpus "$(find "$kept" -type f | wc -l)" --argjson findings $found \
        '.[$target] = {executions: $executions, edges: $edges, corpus: $corpus, findings: $findings}' <<<"$report")
    findings=$((findings + found))
done
jq --argjson seconds $SECONDS '.seconds = $seconds' <<<"$report" >target/reports/fuzz.json
echo "${#chosen[@]} targets fuzzed, $findings findings"
[ $findings -eq 0 ]
