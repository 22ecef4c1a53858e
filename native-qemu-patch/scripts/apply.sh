#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# apply.sh TREE [PROJECT]: checks out the commit `upstream` of TREE (made by fetch.sh) with the series of
# PROJECT (qemu, the default, or linux) on top, without fuzz, as the branch `sim`; where meson is older than
# QEMU wants, build-compat/ follows.
# Files that do not change keep their times, so a build in TREE compiles again only what a patch changed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/progress.sh
. "$here/progress.sh"
# shellcheck source=SCRIPTDIR/worktree.sh
. "$here/worktree.sh"

tree=${1:?which tree: apply.sh TREE [PROJECT]}
project=${2:-qemu}
patches=("$here/../$project"/*.patch)
[ -e "${patches[0]}" ] || patches=()

if [ "$project" = qemu ]; then
    meson_wanted=$(git -C "$tree" show upstream:meson.build | sed -n "1s/.*meson_version: '>=\([0-9.]*\)'.*/\1/p")
    meson_found=$(PATH=/usr/bin:/bin meson --version)
    if ! printf '%s\n%s\n' "$meson_wanted" "$meson_found" | sort -VC; then
        patches+=("$here"/../build-compat/*.patch)
    fi
fi

# The patches become commits in a second worktree, so that one that fails leaves TREE as it was.
work=$(mktemp -d "$CACHE/src/apply.XXXXXX")
trap 'remove_worktree "$tree" "$work"' EXIT
add_worktree "$tree" "$work" ${patches[@]+"${patches[@]}"}
for patch in ${patches[@]+"${patches[@]}"}; do
    # git am takes no fuzz: every line of context must be there.
    git -C "$work" -c user.name=sim -c user.email=sim@localhost am -q --committer-date-is-author-date "$patch" ||
        fail "$(basename "$patch") does not apply to $(basename "$tree")"
done
git -C "$tree" checkout -q -f --detach
git -C "$tree" branch -f sim "$(git -C "$work" rev-parse HEAD)"
git -C "$tree" checkout -q -f sim
