# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# manager.sh: for sourcing by a scenario, after tap.sh: the manager of the private host, as its operator sees it.
#
#   ask REQUEST                what virt-sim would ask, without the time that a Java program takes to start: JSON lines
#   manager_pid                the process
#   manager_stop [SIGNAL]      ends it (TERM) and waits
#   manager_start [VARIABLE=VALUE…]   starts one and waits until it answers
#   sim_state NAME, reaches NAME STATE SECONDS
#   mark, told, hears PATTERN  what the manager's log says since mark

# shellcheck disable=SC2034 # for who sources this
manager_log=$HOST_LOGS/sim-manager.log state_of_manager=/var/lib/sim-manager runs_of_manager=/run/sim-manager

# shellcheck disable=SC2154 # tap.sh sets it
cat >"$work/ask" <<'END'
import socket, sys
with socket.socket(socket.AF_UNIX) as manager:
    manager.connect(sys.argv[2] if len(sys.argv) > 2 else "/run/sim-manager/sim-manager.sock")
    request = sys.argv[1].encode()
    manager.sendall(b"request %d\n%s" % (len(request), request))
    sys.stdout.write("".join(line for line in manager.makefile() if '"done"' not in line))
END
ask() { python3 "$work/ask" "$@" 2>/dev/null; }

uuid_of() { virsh -q domuuid "$1" | tr -d '[:space:]'; }
sim_state() { ask '{"verb": "list"}' | jq -r --arg name "$1" 'select(.name == $name) | .state'; }
has_state() { [ "$(sim_state "$1")" = "$2" ]; }
reaches() { wait_until "$3" has_state "$1" "$2" || { echo "state is $(sim_state "$1")"; return 1; }; }

mark() { offset=$(($(stat -c %s "$manager_log") + 1)); }
told() { tail -c "+$offset" "$manager_log"; }
hears() { told | grep -qE -- "$1"; }

manager_pid() { pgrep -f 'org.simvm.cli.VirtSim daemon'; }
_manager_gone() { ! kill -0 "$1" 2>/dev/null; }
manager_stop() {
    local pid
    pid=$(manager_pid)
    kill "-${1:-TERM}" "$pid"
    wait_until 30 _manager_gone "$pid"
}
_manager_answers() { ask '{"verb": "about"}' >/dev/null; }
manager_start() {
    env "$@" /usr/sbin/sim-manager >>"$manager_log" 2>&1 &
    wait_until 120 _manager_answers
}
