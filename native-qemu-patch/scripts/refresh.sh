#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# refresh.sh [PROJECT [TREE]]: writes the series of PROJECT (qemu, the default, or linux) anew from the commits
# of TREE since its tag `upstream` (without TREE: the series itself, applied and written out again). Commits of
# build-compat/ are left out.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/progress.sh
. "$here/progress.sh"
# shellcheck source=SCRIPTDIR/export.sh
. "$here/export.sh"

project=${1:-qemu}
case $project in
    qemu | linux) ;;
    *) fail "unknown project '$project'; choose from qemu, linux" ;;
esac
tree=${2:-}
if [ -z "$tree" ]; then
    tree=$("$here/fetch.sh" "$project")
    "$here/apply.sh" "$tree" "$project"
fi
git -C "$tree" rev-parse -q --verify upstream >/dev/null || fail "$tree has no tag 'upstream'"
last=HEAD
while grep -qxF "Subject: [PATCH] $(git -C "$tree" log -1 --format=%s "$last")" "$here"/../build-compat/*.patch; do last+=^; done
work=$(mktemp -d "$CACHE/src/refresh.XXXXXX")
trap 'rm -rf "$work"' EXIT
export_series "$tree" "$work" "$last"
mkdir -p "$here/../$project"
rm -f "$here/../$project"/*.patch
cp "$work"/*.patch "$here/../$project/"
say "$project/: $(find "$here/../$project" -name '*.patch' | wc -l) patches"
