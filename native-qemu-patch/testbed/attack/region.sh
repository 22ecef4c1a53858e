#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# region.sh BUILT FILE … MONITOR GATES: stands for RegionToAttack where there is no Java: copies the region that vtx.sh had it write for the gates BUILT.
built=$(basename "$1") file=$2
while [ $# -gt 2 ]; do shift; done
monitor=$1
cp "/attack/regions/$built-$monitor" "$file" && cat "/attack/regions/$built-$monitor.json"
