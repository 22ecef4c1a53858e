# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# tap.sh: for sourcing by a scenario. A scenario runs on a private host and writes a line for each thing it checked.
#
#   check TEXT COMMAND…         `ok TEXT` if COMMAND succeeds, else `not ok TEXT` and what COMMAND wrote
#   equal TEXT EXPECTED FOUND   likewise, for two texts
#   holds TEXT PATTERN FOUND    likewise: the extended regular expression matches somewhere in FOUND
#   skip TEXT REASON            could not be checked here
#   ask VERB [DOMAIN [NAME=VALUE…]]   what virt-sim would ask, without the time that a Java program takes to start: JSON lines (../host/ask.pl)
#   manager_answers             whether it does
#   finish                      ends the scenario; status 1 if something failed
#
# It sources what a scenario needs, and sets $testbed, $CACHE and $work (a folder of its own, gone with the host).

testbed=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=SCRIPTDIR/../../scripts/progress.sh
. "$testbed/../scripts/progress.sh"
# shellcheck source=SCRIPTDIR/../host/domain.sh
. "$testbed/host/domain.sh"
work=$SIM_HOST/work-of-scenario
mkdir -p "$work"
_failed=0

_not_ok() {
    echo "not ok $1"
    printf '%s\n' "$2" | sed 's/^/    /'
    _failed=$((_failed + 1))
}

check() {
    local text=$1 said
    shift
    if said=$("$@" 2>&1); then echo "ok $text"; else _not_ok "$text" "$said"; fi
}

equal() { if [ "$2" = "$3" ]; then echo "ok $1"; else _not_ok "$1" "expected '$2', found '$3'"; fi; }
holds() { if grep -qE -- "$2" <<<"$3"; then echo "ok $1"; else _not_ok "$1" "no '$2' in: $3"; fi; }
skip() { echo "ok $1 # SKIP $2"; }
ask() { "$testbed/host/ask.pl" "$@"; }
manager_answers() { ask about >/dev/null 2>&1; }
finish() { exit $((_failed > 0)); }
