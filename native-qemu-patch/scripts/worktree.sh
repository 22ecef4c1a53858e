# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# worktree.sh: for sourcing. Where a series is applied without touching the tree that is built.
#
#   add_worktree TREE FOLDER PATCH…   checks out `upstream` of TREE in FOLDER, but only the folders that the
#                                     patches touch (all of Linux takes a minute on a slow disk)
#   remove_worktree TREE FOLDER
add_worktree() {
    local tree=$1 folder=$2
    shift 2
    git -C "$tree" worktree add -q --no-checkout --detach "$folder" upstream
    cat "$@" /dev/null | sed -n 's|^[-+][-+][-+] [ab]/\(.*\)/[^/]*$|\1|p' | sort -u |
        git -C "$folder" sparse-checkout set --cone --stdin
    git -C "$folder" checkout -q
}

remove_worktree() {
    git -C "$1" worktree remove --force "$2" 2>/dev/null || rm -rf "$2"
    git -C "$1" worktree prune
}
