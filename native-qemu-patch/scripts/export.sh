# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# export.sh: for sourcing. export_series TREE DIR [LAST] writes the commits of TREE since `upstream`, up to LAST, into DIR, in the
# one form that the project keeps: free of commit ids, git versions and the number of patches, so that a diff shows what changed.
export_series() {
    mkdir -p "$2"
    git -C "$1" format-patch -q -N --zero-commit --no-signature --full-index -o "$(realpath "$2")" "upstream..${3:-HEAD}"
}
