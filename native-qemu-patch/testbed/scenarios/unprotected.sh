#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest that is not under SIM runs on the same QEMU as if SIM were not there.
set -euo pipefail
# shellcheck source=SCRIPTDIR/tap.sh
. "$(dirname "$0")/tap.sh"

kernel=$("$testbed/guest/kernels.sh" 6.12)
gcc -O2 -static -o "$work/workload" "$testbed/guest/workload.c"
"$testbed/guest/mkinitrd.sh" "$kernel" "$work/initrd" "$work/workload" "$("$testbed/rootkit/build.sh" "$kernel")"

for emulator in /usr/lib/qemu-sim/qemu-system-x86_64 /usr/bin/qemu-system-x86_64-sim; do
    name=plain-$(basename "$emulator")
    SIM_PLAIN_EMULATOR=$emulator domain_define "$name" "$kernel" "$work/initrd"
    check "it starts ($emulator)" domain_start "$name"
    check "it boots ($emulator)" domain_ready "$name" 60
    log=$HOST_LOGS/qemu/$name.log
    check "its command line has no region ($emulator)" sh -c "! grep -qE 'sim-region|sim-manager' $log"
    holds "it works ($emulator)" '^50 forks' "$(guest "$name" 30 '/workload forks 50')"
    # The instruction that switches views is #UD where no view is: the program dies of SIGILL.
    guest "$name" 30 '/workload vmfunc' >/dev/null && status=0 || status=$?
    equal "VMFUNC is an illegal instruction ($emulator)" 132 "$status"
    guest "$name" 1 'poweroff -f' >/dev/null || true
    check "it shuts down ($emulator)" domain_gone "$name" 30
    domain_forget "$name"
done
finish
