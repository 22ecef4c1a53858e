#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# l1.sh ARGUMENT…: for ../vtx/run-l1.sh, with vtx.sh's layer: attack.py in the emulated machine, KVM running what it attacks. ARGUMENTs are
# attack.py's options and classes; what became of them is $L1_RESULTS/attacks.json.
export LC_ALL=C.UTF-8 ATTACK_SECONDS=20000 PYTHONDONTWRITEBYTECODE=1
mkdir -p /run/attack
# The machine's console is a terminal, but what reads it keeps a log.
python3 /attack/attack.py --accelerator kvm /usr/lib/qemu-sim/qemu-system-x86_64 /attack/built /attack/machine.bin /run/attack "$L1_RESULTS/attacks.json" "$@" -- \
    /attack/region.sh 2>&1 | cat
exit "${PIPESTATUS[0]}"
