#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# l1-qtest.sh [PATH…]: for run-l1.sh: runs the QEMU series' qtests in the emulated machine, or those with these paths, KVM
# running their machines. They are at /sim/qtest, QEMU where host-layer.sh's layer has it. Each runs in a process of its
# own, so that all are tried. Writes what they write: TAP.
export SIM_TEST_ACCEL=kvm QTEST_QEMU_BINARY=/usr/lib/qemu-sim/qemu-system-x86_64 LC_ALL=C.UTF-8
failed=0
for test in /sim/qtest/*; do
    paths=("$@")
    [ $# -gt 0 ] || mapfile -t paths < <("$test" -l | grep '^/')
    for path in "${paths[@]}"; do
        status=0
        "$test" --tap -p "$path" || status=$?
        # One that aborts says nothing that TAP knows.
        [ $status -lt 128 ] || echo "not ok $path"
        [ $status = 0 ] || failed=1
    done
done
exit $failed
