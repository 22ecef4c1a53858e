# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# manager.sh: for sourcing by a scenario, after tap.sh: the manager of the private host, as its operator sees it.
#
#   manager_pid                the process
#   manager_stop [SIGNAL]      ends it (TERM) and waits
#   manager_start [VARIABLE=VALUE…]   starts one and waits until it answers
#   sim_state NAME, reaches NAME STATE SECONDS
#   mark, told, hears PATTERN  what the manager's log says since mark; told_of NAME: its warnings and errors of a domain
#   qemu_of NAME               the process of a domain's QEMU
#   one_line TEXT PATTERN SAID SIM says one line in SAID, and that is PATTERN
#   nothing_left TEXT NAME UUID   of a domain that does not run nothing is left
#   forget NAME                destroys and undefines it, and checks that no marker is left
#   sim_problem NAME, runs NAME, paused NAME, shut_off NAME

# shellcheck disable=SC2034 # for who sources this
manager_log=$HOST_LOGS/sim-manager.log state_of_manager=/var/lib/sim-manager runs_of_manager=/run/sim-manager

uuid_of() { virsh -q domuuid "$1" | tr -d '[:space:]'; }
sim_state() { ask list 2>/dev/null | jq -r --arg name "$1" 'select(.name == $name) | .state'; }
has_state() { [ "$(sim_state "$1")" = "$2" ]; }
reaches() { wait_until "$3" has_state "$1" "$2" || { echo "state is $(sim_state "$1")"; return 1; }; }

mark() { offset=$(($(stat -c %s "$manager_log") + 1)); }
told() { tail -c "+$offset" "$manager_log"; }
hears() { told | grep -qE -- "$1"; }
told_of() { told | grep -E "(WARN|ERROR).*$1" || true; }

sim_problem() { virt-sim info "$1" -o json | jq -r '.failure.reason // .problem // ""'; }
runs() { [ "$(virsh -q domstate "$1")" = running ]; }
paused() { [ "$(virsh -q domstate "$1")" = paused ]; }
shut_off() { [ "$(virsh -q domstate "$1" 2>/dev/null)" = "shut off" ]; }

manager_pid() { pgrep -f 'org.simvm.cli.VirtSim daemon'; }
_manager_gone() { ! kill -0 "$1" 2>/dev/null; }
manager_stop() {
    local pid
    pid=$(manager_pid)
    kill "-${1:-TERM}" "$pid"
    wait_until 30 _manager_gone "$pid"
}
manager_start() {
    env --default-signal=HUP "$@" /usr/sbin/sim-manager >>"$manager_log" 2>&1 &
    wait_until 120 manager_answers
}

one_line() {
    local lines
    # Around it virsh says that the domain failed to start.
    lines=$(grep -vE '^(error: Failed to start domain.*)?$' <<<"$3" || true)
    equal "$1: in one line" 1 "$(grep -c . <<<"$lines")"
    holds "$1: a clear one" "$2" "$lines"
}

qemu_of() { pgrep -f -- "-name guest=$1,"; }

_left() { # what a domain that does not run has left
    local thread
    [ ! -e "$runs_of_manager/domains/libvirt-$2" ] || find "$runs_of_manager/domains/libvirt-$2"
    qemu_of "$1" || true
    for thread in /proc/"$(manager_pid)"/task/*/comm; do
        # Java names a thread to the kernel with 15 letters.
        grep -sE "^(arming|ring) $1|^qmp-(read|event) ${2:0:5}" "$thread" || true
    done
}
_nothing_left() { [ -z "$(_left "$@")" ]; }
nothing_left() { # nothing_left TEXT NAME UUID
    if wait_until 10 _nothing_left "$2" "$3"; then echo "ok $1: nothing is left behind"; else _not_ok "$1: nothing is left behind" "$(_left "$2" "$3")"; fi
}

forget() {
    local uuid
    uuid=$(uuid_of "$1")
    domain_forget "$1"
    check "$1: undefined, no marker is left" wait_until 10 test ! -e "$state_of_manager/required/$uuid"
}
