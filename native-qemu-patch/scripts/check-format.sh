#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# check-format.sh [--fix] [FILE…]: checks that this project's own C (all of it, or FILEs) is
# formatted as .clang-format says and that no line is wider than 100 columns. One line per file,
# `ok` or `not ok`, then what is wrong as FILE:LINE. --fix formats the files instead.
#
# The patches in ../qemu and ../linux follow their upstream; check-series.sh looks after them. Other
# versions of clang-format break lines elsewhere, so it is this one: Debian 12 and 13 have it.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/../.."
formatter=clang-format-19

command -v $formatter >/dev/null || {
    echo "not ok $formatter is missing: apt-get install $formatter"
    exit 1
}
fix=no
if [ "${1:-}" = --fix ]; then fix=yes && shift; fi
files=("$@")
# The launcher is formatted in a change of its own.
[ $# -gt 0 ] || mapfile -t files < <(git ls-files '*.[ch]' 'native-qemu-patch/monitor/*.S' \
    ':!native-qemu-patch/launcher')
formatted=()
for file in "${files[@]}"; do
    [[ $file = *.S ]] || formatted+=("$file")
done
if [ $fix = yes ]; then $formatter -i "${formatted[@]}"; fi

said=$(
    $formatter --dry-run -Werror "${formatted[@]}" 2>&1 |
        sed -n 's/: error: code should be clang-formatted.*/: not as .clang-format says/p'
    for file in "${files[@]}"; do
        expand "$file" | LC_ALL=C.UTF-8 grep -n '.\{101\}' |
            sed "s|^\([0-9]*\):.*|$file:\1: too wide|"
    done
) || true
failed=0
for file in "${files[@]}"; do
    if wrong=$(grep -F "$file:" <<<"$said"); then
        printf 'not ok format of %s\n%s\n' "$file" "$wrong"
        failed=1
    else
        echo "ok format of $file"
    fi
done
exit $failed
