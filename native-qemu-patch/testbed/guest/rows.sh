#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rows.sh [--sample] [PATTERN]: prints the rows of the matrix, or of its sample, that match the
# extended regular expression: KERNEL EXPECTED OPTION…, with single spaces.
set -euo pipefail
which='^[* ]'
if [ "${1:-}" = --sample ]; then which='^[*]'; shift; fi
grep "$which" "$(dirname "$0")/rows" | sed 's/^[* ]*//; s/  */ /g' | grep -E -- "${1:-.}"
