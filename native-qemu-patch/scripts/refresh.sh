#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# refresh.sh [TREE]: writes the series in qemu/ anew from the commits of TREE since its tag `upstream`
# (without TREE: the series itself, applied and written out again). Commits of build-compat/ are left out.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/progress.sh
. "$here/progress.sh"
# shellcheck source=SCRIPTDIR/export.sh
. "$here/export.sh"

tree=${1:-$("$here/build.sh" --tree)}
git -C "$tree" rev-parse -q --verify upstream >/dev/null || fail "$tree has no tag 'upstream'"
work=$(mktemp -d "$CACHE/src/refresh.XXXXXX")
trap 'rm -rf "$work"' EXIT
export_series "$tree" "$work"
for patch in "$here"/../build-compat/*.patch; do
    subject=$(sed -n 's/^Subject: \[PATCH\] //p' "$patch")
    compat=$(grep -lF "$subject" "$work"/*.patch || true)
    [ -z "$compat" ] || rm "$compat"
done
rm -f "$here"/../qemu/*.patch
cp "$work"/*.patch "$here/../qemu/"
say "qemu/: $(find "$here/../qemu" -name '*.patch' | wc -l) patches"
