#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# l1-host.sh COMMAND [ARGUMENT…]: for run-l1.sh with host-layer.sh's layer: starts libvirtd and sim-manager in the emulated
# machine and runs COMMAND there, which finds what private-host.sh's commands find: virsh, virt-sim, $SIM_HOST and
# $HOST_LOGS. L1_HOST_SERVICES=no starts neither. The logs are among the results ($L1_RESULTS/logs).
#
#   run-l1.sh --layer "$(host-layer.sh)" --results FOLDER l1-host.sh /sim/testbed/vtx/armed.sh 6.12:vmfunc
set -euo pipefail
export SIM_HOST=/run/sim-host HOST_LOGS=$L1_RESULTS/logs SIM_CACHE_DIR=/sim/cache SIM_JAVA=/usr/local/bin/java
# A second has few instructions here, and each look for something costs many.
export SIM_POLL=0.5 SIM_PATIENCE=120 LIBVIRT_DEFAULT_URI=qemu:///system LC_ALL=C.UTF-8
# Nothing else is installed that could be <emulator>.
export SIM_PLAIN_EMULATOR=/usr/bin/qemu-system-x86_64-sim
mkdir -p "$SIM_HOST" "$HOST_LOGS"
# shellcheck source=SCRIPTDIR/../../scripts/progress.sh
. /sim/scripts/progress.sh
# shellcheck source=SCRIPTDIR/../host/services.sh
. /sim/testbed/host/services.sh

if [ "${L1_HOST_SERVICES:-yes}" != no ]; then
    configure_libvirt
    start_libvirtd
    echo "# libvirtd answers"
    start_manager
    echo "# sim-manager answers"
fi
status=0
"$@" || status=$?
rm -f "$HOST_LOGS/qemu"
cp -r /var/log/libvirt/qemu "$HOST_LOGS/" 2>/dev/null || true
exit $status
