#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# check-series.sh [PROJECT]: says whether the series of PROJECT (qemu, the default, or linux) is in order.
# Every line is `ok …` or `not ok …`; the exit status is 1 if any is not.
#
#   1. every patch applies without fuzz, one after the other
#   2. written out again by git, every patch is the same, byte for byte (refresh.sh repairs that)
#   3. the project's own checkpatch finds no error in it
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/progress.sh
. "$here/progress.sh"
# shellcheck source=SCRIPTDIR/export.sh
. "$here/export.sh"
# shellcheck source=SCRIPTDIR/worktree.sh
. "$here/worktree.sh"

project=${1:-qemu}
tree=$("$here/fetch.sh" "$project")
patches=("$here/../$project"/*.patch)
[ -e "${patches[0]}" ] || fail "$project/ holds no patch"

work=$(mktemp -d "$CACHE/src/check.XXXXXX")
trap 'remove_worktree "$tree" "$work/tree"; rm -rf "$work"' EXIT
add_worktree "$tree" "$work/tree" "${patches[@]}"
failed=0
report() { # report STATUS TEXT
    if [ "$1" -eq 0 ]; then echo "ok $2"; else echo "not ok $2"; failed=1; fi
}

for patch in "${patches[@]}"; do
    status=0
    git -C "$work/tree" -c user.name=sim -c user.email=sim@localhost am -q "$patch" || status=$?
    report "$status" "$(basename "$patch") applies without fuzz"
    [ "$status" -eq 0 ] || exit 1
    # Not the checks that compare with the project's mailing list rules: a sign-off is the maintainer's to give.
    status=0
    said=$(cd "$tree" && perl scripts/checkpatch.pl --no-signoff --terse --no-tree "$patch" 2>&1) || status=$?
    if [ "$status" -ne 0 ] && ! grep -q 'ERROR' <<<"$said"; then status=0; fi
    [ "$status" -eq 0 ] || printf '%s\n' "$said" | sed 's/^/    /'
    report "$status" "$(basename "$patch") passes checkpatch"
done

export_series "$work/tree" "$work/again"
status=0
diff -r -q "$work/again" "$here/../$project" --exclude='*.md' --exclude='.gitkeep' || status=$?
report "$status" "the patches are as git writes them"
exit "$failed"
