#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bench-guests.sh GUEST [PLACE…]: starts guests on this host, lets each do the same work, and writes what it took. Runs in the emulated machine (l1-host.sh), and on any host with /dev/kvm, libvirtd and
# sim-manager. GUEST is a folder with vmlinuz and initrd; the initrd holds measure, audit and measure.script. PLACE:
#
#   plain       no SIM, no libvirt: QEMU alone
#   trace       plain, and ftrace notes the events in the guest
#   audit       plain, and Linux audit reports them to a process of the guest
#   bare        a domain of libvirt's, without SIM
#   invm hypercall outvm        a domain under SIM, gate vmfunc, hypercall or exit
#
# Standard output is of these lines, and others that begin with none of these words:
#   sample PLACE MONITOR WORKLOAD COUNT TICKS NANOSECONDS          one round; COUNT is that of calls, 1 where it says nothing
#   exits PLACE MONITOR WORKLOAD COUNT EXITS IRQ IO TICKS          KVM's counters over all rounds, COUNT is all calls
#   inside PLACE MONITOR WORKLOAD COUNT EXITS                      exits whose address is in the gate or the monitor, but for
#                                                                  those that are this host's clock's
#   events PLACE MONITOR CALLS LOST                                of the monitor, since the guest was armed
# MONITOR is none, null, syscall (the calls of $WATCHED), all (each system call) or process.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/../../scripts/progress.sh
. "$here/../../scripts/progress.sh"
# shellcheck source=SCRIPTDIR/../host/domain.sh
. "$here/../host/domain.sh"
# shellcheck source=SCRIPTDIR/exits.sh
. "$here/exits.sh"

: "${SIM_HOST:?a folder for what is made here}"
: "${WATCHED:?numbers of system calls}" "${WATCHED_NAMES:?and their names}" "${PROCESS:?numbers of the calls that begin and end processes}"
qemu=${SIM_QEMU:-/usr/lib/qemu-sim/qemu-system-x86_64}
rounds=${BENCH_ROUNDS:-5}
calls=${BENCH_CALLS:-50000} opens=${BENCH_OPENS:-5000} spawns=${BENCH_SPAWNS:-50}
guest=$1
shift
mkdir -p "$SIM_HOST"
memory=256
# Tests of the kernel's own, which run in the background after boot.
quiet=cryptomgr.notests

# ask NAME COMMAND: what the guest's command prints. Looks at nothing while it waits: on an emulated machine with one CPU,
# that would be counted with what it waits for.
ask() {
    local log offset line status=''
    log=$(console "$1").log
    offset=$(($(stat -c %s "$log") + 1))
    exec {answers}< <(exec tail -c "+$offset" -f "$log" 2>/dev/null)
    local tail=$!
    printf '%s\n' "$2" 1<>"$(console "$1").in"
    while IFS= read -r -t 3000 -u "$answers" line; do
        line=${line%$'\r'}
        case $line in
            @done\ *) status=${line#@done }; break ;;
            *) printf '%s\n' "$line" ;;
        esac
    done
    exec {answers}<&-
    kill "$tail" 2>/dev/null || true
    [ "$status" = 0 ] || { say "bench-guests.sh: in the guest, '$2' ended with status ${status:-none}"; return 1; }
}

# counters PID: exits, of these by interrupts of the host, of these by port I/O
counters() {
    local folder
    folder=$(echo /sys/kernel/debug/kvm/"$1"-*)
    echo "$(<"$folder/exits") $(<"$folder/irq_exits") $(<"$folder/io_exits")"
}

# measure NAME PID PLACE MONITOR WORKLOAD COUNT ARGUMENT…
measure() {
    local name=$1 pid=$2 what="$3 $4 $5" count=$6 before after said ticks nanoseconds sum=0
    shift 6
    read -ra before < <(counters "$pid")
    said=$(ask "$name" "/measure $rounds $*")
    read -ra after < <(counters "$pid")
    while read -r _ ticks nanoseconds; do
        echo "sample $what $count $ticks $nanoseconds"
        sum=$((sum + ticks))
    done <<<"$said"
    # The program does one round more than it prints.
    echo "exits $what $((count * (rounds + 1))) $((after[0] - before[0])) $((after[1] - before[1])) $((after[2] - before[2])) $((sum * (rounds + 1) / rounds))"
}

# inside NAME PLACE MONITOR WORKLOAD COUNT ARGUMENT…: two rounds, each exit recorded. What is neither in a program nor in the
# kernel's text is in the gate or the monitor. This host's clock strikes there too, and what it brought for the guest is
# delivered when the call is over, by an exit at its VMFUNC.
inside() {
    local name=$1 what="$2 $3 $4" count=$5
    shift 5
    exits_record ask "$name" "/measure 1 $*" |
        awk -v what="$what" -v count=$((2 * count)) '{ all[$2]++ }
            length($3) == 18 && $3 < "0xffffffff80000000" { n++; by[$2]++ }
            END { printf "# all exits meanwhile, %s, %d times:", what, count
                  for (reason in all) printf " %s %d", reason, all[reason]
                  print ""
                  clock = by["EXTERNAL_INTERRUPT"]; held = by["VMFUNC"] < clock ? by["VMFUNC"] : clock
                  print "inside", what, count, n - clock - held }'
}

# work NAME PID PLACE MONITOR [FACTOR]: all of the work; FACTOR divides the counts where a call takes long
work() {
    local name=$1 pid=$2 place=$3 monitor=$4 factor=${5:-1}
    # The null monitor, which getppid calls, is in the same guest as the process monitor.
    [ "$monitor" = process ] || measure "$name" "$pid" "$place" "$monitor" calls $((calls / factor)) calls $((calls / factor))
    measure "$name" "$pid" "$place" "$monitor" opens $((opens / factor)) opens $((opens / factor))
    measure "$name" "$pid" "$place" "$monitor" spawns "$spawns" spawns "$spawns"
    measure "$name" "$pid" "$place" "$monitor" walk 1 walk /tmp/tree
    measure "$name" "$pid" "$place" "$monitor" script 1 run /bin/busybox sh /measure.script
}

# plain_start NAME: QEMU alone with the machine that domain_define describes; sets pid
plain_start() {
    rm -f "$(console "$1")".*
    mkfifo "$(console "$1").in" "$(console "$1").out"
    : >"$(console "$1").log"
    cat "$(console "$1").out" >>"$(console "$1").log" &
    "$qemu" -nodefaults -no-user-config -display none -accel kvm -cpu host,vmx=off -machine pc,memory-backend=ram -m $memory \
        -object memory-backend-memfd,id=ram,size=${memory}M,share=on -serial "pipe:$(console "$1")" \
        -kernel "$guest/vmlinuz" -initrd "$guest/initrd" -append "console=ttyS0 quiet panic=-1 $quiet" </dev/null >"$SIM_HOST/$1.qemu" 2>&1 &
    pid=$!
    domain_ready "$1" 600 || fail "the guest does not boot: $(tail -n 3 "$SIM_HOST/$1.qemu" "$(console "$1").log")"
}
# armed_start NAME GATE MONITORS: a domain, and unless GATE is none under SIM with these <monitor> elements; sets pid, manager
armed_start() {
    domain_define "$1" "$guest" "$guest/initrd" type=kvm memory=$memory append=$quiet
    # Integrity checks would be counted with the calls. The ring holds all events, for their reader is stopped below.
    [ "$2" = none ] || domain_watch "$1" "<sim required='yes' gate='$2'><region size='64' unit='MiB'/>$3<integrity enabled='no'/></sim>" ||
        fail "SIM does not take up $1"
    domain_start "$1" || fail "$1 does not start"
    domain_ready "$1" 900 || fail "$1 does not boot: $(tail -n 3 "$(console "$1").log")"
    pid=$(cat "/run/libvirt/qemu/$1.pid")
    manager=$(pgrep -f 'org\.simvm\.cli\.VirtSim daemon' | head -n 1)
    prepare_guest "$1"
    # Events are read on another CPU than the guest's, where there is one. So they don't count here.
    [ -z "$manager" ] || kill -STOP "$manager"
}
armed_end() { # armed_end NAME GATE PLACE MONITOR: the guest must have been armed with GATE all the time
    local info
    [ -z "$manager" ] || kill -CONT "$manager"
    if [ "$2" != none ]; then
        # virt-sim would say the same, but a start of Java takes as long as half of the measuring in the emulated machine.
        info=$("$here/../host/ask.pl" info "$1")
        [ "$(jq -r '"\(.state) \(.gate.inForce)"' <<<"$info")" = "armed $2" ] ||
            fail "$1 is not armed with gate $2: $(jq -c '{state, problem, gate}' <<<"$info")"
        "$here/../host/ask.pl" status "$1" | jq -r ".ring | \"events $3 $4 \\(.calls) \\(.dropped + .missing)\""
    fi
    domain_forget "$1"
}

plain_end() {
    kill "$pid"
    wait "$pid" || true
}

prepare_guest() { ask "$1" 'mkdir -p /tmp /trace; mount -t tracefs trace /trace; /measure tree /tmp/tree'; }

trace_on() { # trace_on NAME GROUP/EVENT… : with $filter, if it is set, for each
    local event
    for event in "${@:2}"; do
        [ -z "$filter" ] || ask "$1" "echo '$filter' >/trace/events/$event/filter"
        ask "$1" "echo 1 >/trace/events/$event/enable"
    done
}
trace_off() { ask "$1" 'echo 0 >/trace/events/enable; echo >/trace/trace'; }
any_of() { local number text=''; for number in "$@"; do text+="${text:+ || }id == $number"; done; echo "$text"; }

# A call that nothing makes here: what it costs to look at a call and leave it alone.
unused=246 # kexec_load

for place in "$@"; do
    say "$place"
    case $place in
        plain)
            plain_start plain
            prepare_guest plain
            work plain "$pid" plain none
            plain_end
            ;;
        trace)
            plain_start trace
            prepare_guest trace
            work trace "$pid" untraced none
            filter="id == $unused" trace_on trace raw_syscalls/sys_enter
            measure trace "$pid" trace null calls "$calls" calls "$calls"
            # shellcheck disable=SC2086 # numbers
            filter=$(any_of $WATCHED) trace_on trace raw_syscalls/sys_enter
            work trace "$pid" trace syscall
            ask trace 'echo 0 >/trace/events/raw_syscalls/sys_enter/filter'
            measure trace "$pid" trace all script 1 run /bin/busybox sh /measure.script
            measure trace "$pid" trace all walk 1 walk /tmp/tree
            trace_off trace
            filter='' trace_on trace sched/sched_process_fork sched/sched_process_exec sched/sched_process_exit
            work trace "$pid" trace process
            trace_off trace
            plain_end
            ;;
        audit)
            plain_start audit
            prepare_guest audit
            work audit "$pid" unaudited none
            for monitor in null syscall process; do
                case $monitor in
                    null) numbers=$unused ;;
                    syscall) numbers=$WATCHED ;;
                    process) numbers=$PROCESS ;;
                esac
                ask audit "/audit start $numbers"
                if [ $monitor = null ]; then measure audit "$pid" audit null calls "$calls" calls "$calls"
                else work audit "$pid" audit $monitor; fi
                ask audit '/audit stop' | sed "s/^records \([0-9]*\), lost \([0-9]*\)/events audit $monitor \1 \2/"
            done
            plain_end
            ;;
        bare)
            armed_start bare none ''
            work bare "$pid" bare none
            armed_end bare none bare none
            ;;
        invm | hypercall | outvm)
            gate=$place factor=1
            [ "$place" != invm ] || gate=vmfunc
            [ "$place" != outvm ] || gate=exit factor=10
            # One guest for both: hardly anything else calls what the null monitor hooks, and the other hooks no system call.
            armed_start "$place-process" "$gate" "<monitor name='null'/><monitor name='process'/>"
            measure "$place-process" "$pid" "$place" null calls $((calls / factor)) calls $((calls / factor))
            work "$place-process" "$pid" "$place" process $factor
            inside "$place-process" "$place" null calls 2000 calls 2000
            inside "$place-process" "$place" process spawns 20 spawns 20
            armed_end "$place-process" "$gate" "$place" process
            armed_start "$place-syscall" "$gate" "<monitor name='syscalls'><parameter name='calls' value='$WATCHED_NAMES'/></monitor>"
            work "$place-syscall" "$pid" "$place" syscall $factor
            inside "$place-syscall" "$place" syscall opens 1000 opens 1000
            armed_end "$place-syscall" "$gate" "$place" syscall
            ;;
        *) fail "what place is $place? There are plain, trace, audit, bare, invm, hypercall and outvm" ;;
    esac
done
