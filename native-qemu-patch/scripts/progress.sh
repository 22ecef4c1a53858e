# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# progress.sh: for sourcing. What every script says while it works, and where it keeps what it made.
#
#   say TEXT              one line to the terminal
#   fail TEXT             one line to the terminal, exit 1
#   step NAME COMMAND...  runs COMMAND with its output in a log; shows NAME, the time that has passed and
#                         what the log says last; on failure shows the log's end and returns COMMAND's status
#
# CACHE is ${SIM_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/sim}.

CACHE=${SIM_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/sim}
mkdir -p "$CACHE/log" || exit 1

say() { printf '%s\n' "$*" >&2; }
fail() { printf '%s\n' "${0##*/}: $*" >&2; exit 1; }

# The newest line of a log that tells how far the work is: ninja's [n/m], or whatever was written last.
_progress_line() {
    tail -c 2000 "$1" 2>/dev/null | tr '\r' '\n' | sed 's|\x1b\[[0-9;]*m||g' | grep -v '^[[:space:]]*$' | tail -n 1 | cut -c1-70
}

step() {
    local name=$1 log start next=2 now pid status
    shift
    log="$CACHE/log/$(printf '%s' "$name" | tr -cs 'A-Za-z0-9.\n' '-')-$$.log"
    start=$SECONDS
    "$@" >"$log" 2>&1 &
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        now=$((SECONDS - start))
        if [ "$now" -ge "$next" ]; then
            if [ -t 2 ]; then
                printf '\r\033[K  … %s (%d s) %s' "$name" "$now" "$(_progress_line "$log")" >&2
                next=$((now + 1))
            else
                printf '  … %s (%d s) %s\n' "$name" "$now" "$(_progress_line "$log")" >&2
                next=$((now + (now < 10 ? 8 : 30)))
            fi
        fi
        sleep 0.1
    done
    status=0
    wait "$pid" || status=$?
    if [ -t 2 ]; then printf '\r\033[K' >&2; fi
    now=$((SECONDS - start))
    if [ "$status" -eq 0 ]; then
        if [ "$now" -ge 2 ]; then say "  ✓ $name ($now s)"; fi
        rm -f "$log"
    else
        say "  ✗ $name failed (status $status). The end of $log:"
        tail -n 25 "$log" | sed 's/^/    /' >&2
    fi
    return "$status"
}
