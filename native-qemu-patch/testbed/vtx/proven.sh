#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proven.sh: whether what runs on VT-x is what was last proven there. What that is: the series for
# Linux and QEMU, the monitors, and this folder. The proof is proven.json: the digest of those files,
# and the report of the `./dev vtx` that passed with them.
#
#   proven.sh check     status 0 if the digest in proven.json is the files'; else 1, and a line that says so
#   proven.sh record    writes proven.json from target/reports/vtx.json; `./dev vtx --record-proof` calls it
#   proven.sh is-warm   status 0 if this machine has built what `./dev vtx` needs before, so that only what
#                       changed is built again
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../.."
# shellcheck source=SCRIPTDIR/../../scripts/progress.sh
. "$here/../../scripts/progress.sh"
proof=native-qemu-patch/testbed/vtx/proven.json
report=target/reports/vtx.json

digest() {
    git ls-files -z native-qemu-patch/{linux,qemu,monitor,testbed/vtx} native-qemu-patch/upstream.env |
        grep -zvE '\.md$|/proven\.json$' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-64
}

case ${1:-} in
    check)
        if [ "$(jq -r .digest "$proof" 2>/dev/null)" = "$(digest)" ]; then exit 0; fi
        say "The series, the monitors or testbed/vtx are not what $proof proves: ./dev vtx --record-proof"
        exit 1
        ;;
    record)
        jq -e '.armed and ."selftests.failed" == 0 and ."qtests.failed" == 0' "$report" >/dev/null ||
            fail "$report is no proof: all parts must have run and passed"
        jq --arg digest "$(digest)" '{digest: $digest, report: .}' "$report" >"$proof"
        say "$proof: $(jq -r .digest "$proof")"
        ;;
    is-warm)
        compgen -G "$CACHE/bochs/*/bochs" >/dev/null && compgen -G "$CACHE/vtx/*-sim-*/bzImage" >/dev/null &&
            compgen -G "$CACHE/vtx-root/*.ext4" >/dev/null
        ;;
    *) fail "which of check, record, is-warm?" ;;
esac
