#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# record-classes.sh LAYER GUEST ARCHIVE: on a private host without a manager, runs the manager that is installed in LAYER
# while it arms the guest in the folder GUEST, and writes all classes it loaded to ARCHIVE (see jre.sh).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
layer=$1 guest=$2 archive=$3
# shellcheck source=SCRIPTDIR/../../scripts/progress.sh
. "$here/../../scripts/progress.sh"
# shellcheck source=SCRIPTDIR/../host/services.sh
. "$here/../host/services.sh"
# shellcheck source=SCRIPTDIR/../host/domain.sh
. "$here/../host/domain.sh"

# The archive names the jars by their paths, and is good for these only.
mount --bind "$layer/usr/share/sim-manager" /usr/share/sim-manager
export SIM_JAVA=$layer/usr/local/bin/java
SIM_RECORD_CLASSES=$archive.new /usr/sbin/sim-manager >>"$HOST_LOGS/sim-manager.log" 2>&1 &
manager=$!
wait_for 60 test -S /run/sim-manager/sim-manager.sock || fail "sim-manager does not start: $(tail -n 3 "$HOST_LOGS/sim-manager.log")"

domain_define recorded "$guest" "$guest/initrd"
domain_watch recorded '<sim required="yes"><monitor name="syscalls"/><monitor name="process"/><integrity interval="1" unit="h"/></sim>'
domain_start recorded
domain_ready recorded 120 || fail "the guest does not come up"
guest recorded 30 '/workload forks 10' >/dev/null || true
# The questions of virt-sim are of other classes than their answers; it loads them anew each time.
for question in list 'info recorded' 'status recorded' 'check recorded' 'events recorded' 'violations recorded' 'findings recorded'; do
    # shellcheck disable=SC2086 # words
    virt-sim $question -o json >/dev/null || fail "virt-sim $question failed"
done
domain_forget recorded
kill "$manager"
wait "$manager" || true
[ -s "$archive.new" ] || fail "Java wrote no archive: $(tail -n 3 "$HOST_LOGS/sim-manager.log")"
mv "$archive.new" "$archive"
