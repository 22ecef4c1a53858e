#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# debian-vtx.sh RESULTS GUEST: debian.sh on the patched KVM, in an emulated CPU with VT-x (../vtx), and what it leaves.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/../../scripts/progress.sh
. "$here/../../scripts/progress.sh"
results=$1 guest=$2
"$here/../vtx/build-bochs.sh" >/dev/null
kernel=$("$here/../vtx/build-kernel.sh")
"$here/../vtx/mkroot.sh" >/dev/null
host=$("$here/../vtx/host-layer.sh" 6.12)
work=$(mktemp -d "$CACHE/vtx-attack.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/layer/sim/guests"
cp -r "$guest" "$work/layer/sim/guests/attacked"
status=0
"$here/../vtx/run-l1.sh" --kernel "$kernel/bzImage" --memory 2048 --limit "${ATTACK_VTX_SECONDS:-7200}" --layer "$host" --layer "$work/layer" --results "$work/results" --times \
    "$here/../vtx/l1-host.sh" /sim/testbed/attack/debian.sh /results/debian.json /sim/guests/attacked kvm || status=$?
logs=$here/../../../target/reports/vtx-logs/attack
rm -rf "$logs"
mkdir -p "$logs"
[ ! -d "$work/results/logs" ] || cp -r "$work/results/logs/." "$logs/"
[ ! -s "$work/results/debian.json" ] || cp "$work/results/debian.json" "$results"
exit $status
