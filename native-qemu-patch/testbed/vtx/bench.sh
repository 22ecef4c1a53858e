#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bench.sh [--rounds N] [--kernel 6.1|6.12] [--here]: what a call of the monitor costs, and what a guest's whole work costs
# with it, counted in an emulated CPU with VT-x: in the VM by VMFUNC and by hypercall, out of the VM by exit, and beside
# them what a guest's owner would use instead, Linux audit and ftrace. `./dev bench-vtx` calls it. Prints a table and
# writes target/reports/bench-vtx.json and bench-vtx.svg:
#
#   <place>.<monitor>.instructions, .exits      of a call; place: invm hypercall outvm audit trace, monitor: null syscall process
#   outvm_to_invm.<monitor>                     out of VM : in VM, in instructions
#   overhead.<process|syscall>.<place>_percent  process: of a loop of fork and exec; syscall: geometric mean of all work
#   overhead.<monitor>.<place>.<work>_percent   work: calls (getppid), spawns (fork and exec), walk, script, mean
#   without_sim.<work>.*                        the same work in a VM without SIM, on KVM with the series and without
#   spread_percent, events.lost                 of the measuring itself
#
# Monitor null is called by getppid(2) and returns at once; syscall notes the calls below, and what is told for one call
# is open(2) with its path; process notes fork, exec and exit.
#
# Two emulated machines run at the same time. Audit and ftrace are measured on the unpatched KVM, monitors on the patched
# one. --here measures on this host instead, as root: it has VT-x, the patched KVM, libvirtd and sim-manager. Cycles and
# nanoseconds are told then.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/../../scripts/progress.sh
. "$here/../../scripts/progress.sh"
testbed=$here/..
reports=$here/../../../target/reports
limit=2400

rounds=3 series=6.12 real=no
while [ $# -gt 0 ]; do
    case $1 in
        --rounds | --kernel) [ $# -gt 1 ] || fail "bench-vtx: $1 needs a value" ;;&
        --rounds) rounds=$2 && shift 2 ;;
        --kernel) series=$2 && shift 2 ;;
        --here) real=yes && shift ;;
        *) fail "bench-vtx: no option '$1'; there are --rounds, --kernel and --here" ;;
    esac
done
[[ $rounds =~ ^[1-9][0-9]?$ ]] || fail "bench-vtx: --rounds $rounds: give a number of 1 to 99"
case $series in 6.1 | 6.12) ;; *) fail "bench-vtx: --kernel $series: choose from 6.1 and 6.12" ;; esac
if [ $real = yes ]; then
    if ! [ -e /dev/kvm ] || ! grep -qw vmx /proc/cpuinfo; then
        fail "bench-vtx: --here: this host has no VT-x or no /dev/kvm; without --here an emulated machine is measured"
    fi
    [ "$(id -u)" = 0 ] || fail "bench-vtx: --here: only root may start guests under libvirt and read KVM's counters"
    virsh -q -c qemu:///system uri >/dev/null 2>&1 || fail "bench-vtx: --here: libvirtd does not answer; start it, and sim-manager"
fi

# Files opened, changed and deleted, programs started, rights, modules, mounts, connections: what rules of audit are made of.
watched=(
    open openat openat2 creat unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat truncate ftruncate
    chmod fchmod fchmodat chown lchown fchown fchownat execve execveat ptrace mount umount2
    init_module finit_module delete_module connect accept accept4 bind bpf
    setuid setgid setreuid setregid setresuid setresgid
)
process=(fork vfork clone clone3 execve execveat exit exit_group)
numbers_of() { # of system calls, at the 64-bit door
    local name number
    for name in "$@"; do
        number=$(awk -F'\t' -v name="$name" '$1 == name {print $2}' "$testbed/../monitor/monitors/calls.tsv")
        [ -n "$number" ] || fail "no system call $name"
        printf '%s ' "$number"
    done
}
environment=(
    "WATCHED=$(numbers_of "${watched[@]}")" "WATCHED_NAMES=$(IFS=,; echo "${watched[*]}")"
    "PROCESS=$(numbers_of "${process[@]}")" "BENCH_ROUNDS=$rounds"
)

work=$(mktemp -d "$CACHE/bench-vtx.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$reports" "$work/guest"
rm -rf "$reports"/bench-vtx.*
kernel=$("$testbed/guest/kernels.sh" "$series")
for program in measure audit; do gcc -O2 -static -o "$work/$program" "$testbed/guest/$program.c"; done
cp "$kernel/vmlinuz" "$work/guest/"
"$testbed/guest/mkinitrd.sh" "$kernel" "$work/guest/initrd" "$work/measure" "$work/audit" "$testbed/guest/measure.script"

if [ $real = yes ]; then
    mkdir -p "$work/run"
    env "${environment[@]}" SIM_HOST="$work/run" BENCH_SPAWNS=2000 BENCH_CALLS=1000000 BENCH_OPENS=100000 \
        "$here/bench-guests.sh" "$work/guest" plain trace audit bare invm hypercall outvm | tee /dev/stderr |
        grep -E '^(sample|exits|inside|events) ' >"$work/samples"
    "$here/bench-report.py" --real --json "$reports/bench-vtx.json" --svg "$reports/bench-vtx.svg" "patched=$work/samples"
    say "target/reports/bench-vtx.json, target/reports/bench-vtx.svg"
    exit 0
fi

# machine NAME SERVICES PLACES OPTION…: a run of bench-guests.sh in an emulated machine, with libvirtd and sim-manager or,
# SERVICES being no, without
machine() {
    local name=$1 services=$2 places=$3 line
    shift 3
    # shellcheck disable=SC2086 # places are words
    "$here/run-l1.sh" --limit $limit --memory 2048 --layer "$layer" --add "$work/guest/vmlinuz=/sim/bench/vmlinuz" \
        --add "$work/guest/initrd=/sim/bench/initrd" --results "$reports/bench-vtx.logs/$name" "$@" \
        /usr/bin/env L1_HOST_SERVICES="$services" "${environment[@]}" \
        /sim/testbed/vtx/l1-host.sh /sim/testbed/vtx/bench-guests.sh /sim/bench $places 2>&1 |
        while IFS= read -r line; do
            [[ ! $line =~ ^(sample|exits|inside|events)\  ]] || echo "$line" >>"$work/$name.samples"
            echo "$name: $line"
        done
    return "${PIPESTATUS[0]}"
}
# Two at a time, for two cores.
first() { machine inside yes 'bare invm hypercall'; }
second() {
    local status=0
    machine unpatched no 'plain trace audit' --unpatched || status=$?
    machine patched no plain || status=$?
    machine outside yes outvm || status=$?
    return $status
}
machines() {
    local other status=0
    second &
    other=$!
    first || status=$?
    wait $other || status=$?
    return $status
}
layer=$("$here/host-layer.sh" "$series")
# What is missing is built before, not by both at once.
"$here/build-bochs.sh" >/dev/null
"$here/mkroot.sh" >/dev/null
"$here/build-kernel.sh" --unpatched >/dev/null
"$here/build-kernel.sh" >/dev/null
start=$SECONDS
status=0
step "Measuring in emulated machines" machines || status=$?
# What was measured is shown, even if a machine failed.
samples=()
for name in unpatched patched inside outside; do
    [ ! -e "$work/$name.samples" ] || samples+=("$([ $name = unpatched ] && echo unpatched || echo patched)=$work/$name.samples")
done
[ ${#samples[@]} -gt 0 ] || exit $status
"$here/bench-report.py" --json "$reports/bench-vtx.json" --svg "$reports/bench-vtx.svg" "${samples[@]}"
[ $status -eq 0 ] || fail "bench-vtx: not all could be measured: target/reports/bench-vtx.logs has the machines' logs"
say "target/reports/bench-vtx.json, target/reports/bench-vtx.svg ($((SECONDS - start)) s)"
