#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# l1-qtest.sh [-p PATH]…: for run-l1.sh: runs the QEMU series' qtests in the emulated machine, KVM running their
# machines. They are at /sim/qtest, QEMU where host-layer.sh's layer has it. Writes what they write: TAP.
export SIM_TEST_ACCEL=kvm QTEST_QEMU_BINARY=/usr/lib/qemu-sim/qemu-system-x86_64 LC_ALL=C.UTF-8
status=0
for test in /sim/qtest/*; do
    "$test" --tap "$@" || status=$?
done
exit $status
