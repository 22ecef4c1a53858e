# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# changes.sh: for sourcing, after domain.sh: what a healthy kernel does to itself. None of it may alarm, or stop working.
#
#   change_kinds             the kinds, in an order in which each may follow the one before
#   change_of KIND           sets $change (in words), $begin (for the guest's shell; writes `done` if the guest can do that, and it worked,
#                            or `cannot: REASON`) and $end (likewise; undoes what is in force meanwhile, if anything). The guest needs
#                            the files that follow, and the module evdev (mkinitrd.sh --disk). From `suspend` somebody has to wake it.
#   change_files KERNEL FOLDER   builds these in FOLDER for a kernel (guest/kernels.sh), and prints their paths, one a line

# shellcheck disable=SC2034 # for who sources this
change_kinds=(functions points kprobe probes programs livepatch modules busy cpus memory suspend)
# shellcheck disable=SC2034,SC2016
change_of() {
    end='echo done'
    case $1 in
        functions)
            change="tracing every function"
            begin='mount -t tracefs tracefs /sys/kernel/tracing; cd /sys/kernel/tracing; echo function >current_tracer && ls / >/dev/null &&
                grep -q . trace && echo done'
            end='cd /sys/kernel/tracing; echo nop >current_tracer && echo done' ;;
        points)
            change="trace points and jump labels"
            begin='cd /sys/kernel/tracing; echo 1 >events/sched/enable && echo 1 >/proc/sys/kernel/sched_schedstats && ls / >/dev/null && echo done'
            end='cd /sys/kernel/tracing; echo 0 >events/sched/enable && echo 0 >/proc/sys/kernel/sched_schedstats && echo done' ;;
        kprobe)
            change="a kprobe in the middle of a function"
            begin='cd /sys/kernel/tracing; i=6; while [ $i -lt 60 ]; do if echo "p:middle vfs_read+$i" 2>/dev/null >kprobe_events; then break; fi; i=$((i+1)); done;
                echo 1 >events/kprobes/middle/enable && ls / >/dev/null && echo done'
            end='cd /sys/kernel/tracing; echo 0 >events/kprobes/middle/enable && echo >kprobe_events && echo done' ;;
        probes)
            change="kprobes at hooked functions, which are refused, and beside them"
            begin='cd /; insmod /probes.ko functions=wake_up_new_task,begin_new_exec,do_exit;
                /workload forks 50 >/dev/null && dmesg | grep -o "probes: .*";
                refused="probes: .*: kprobe -22, kretprobe -22, hook 0, beside [1-9]";
                [ "$(dmesg | grep -c "$refused")" = 3 ] && ! dmesg | grep "kernel BUG" && echo done'
            end='rmmod probes && dmesg | grep "probes: [1-9][0-9]* hits" && echo done' ;;
        programs)
            change="BPF programs"
            begin='/programs kernel_clone vfs_write && echo done'
            end='killall programs && echo done' ;;
        livepatch)
            change="a live patch"
            begin='insmod /livepatch.ko && sleep 1 && [ "$(cat /proc/uptime)" = patched ] && echo done'
            # It goes when no task is in it any more.
            end='cd /sys/kernel/livepatch; echo 0 >livepatch/enabled; i=0; while [ -e livepatch ] && [ $i -lt 100 ]; do sleep 1; i=$((i + 1)); done;
                rmmod livepatch && grep -q "[0-9] [0-9]" /proc/uptime && echo done' ;;
        modules)
            change="modules come and go"
            begin='cd /; rmmod evdev; insmod /modules/evdev.ko && rmmod evdev && insmod /modules/evdev.ko && echo done' ;;
        busy)
            change="a busy guest"
            begin='/workload forks 300 && /workload syscalls 20000 && /workload doors && echo done' ;;
        cpus)
            change="a CPU goes and comes"
            begin='c=/sys/devices/system/cpu/cpu1/online; if [ -e $c ]; then echo 0 >$c && ls / >/dev/null && echo 1 >$c && [ $(cat $c) = 1 ] && echo done;
                else echo "cannot: one CPU"; fi' ;;
        memory)
            change="memory goes and comes"
            begin='m=; for m in $(ls -d /sys/devices/system/memory/memory* 2>/dev/null | sort -r); do
                if echo offline 2>/dev/null >$m/state; then echo online >$m/state && echo done; m=found; break; fi; done; [ "$m" = found ] || echo "cannot: no block of memory goes"' ;;
        suspend)
            change="suspended to RAM"
            begin='if grep -q deep /sys/power/mem_sleep 2>/dev/null; then echo deep >/sys/power/mem_sleep; echo mem >/sys/power/state && echo done;
                else echo "cannot: the guest has no S3"; fi' ;;
    esac
}

change_files() {
    local guest program
    guest=$(cd "$(dirname "${BASH_SOURCE[0]}")/../guest" && pwd)
    for program in workload programs; do
        gcc -O2 -static -o "$2/$program" "$guest/$program.c" || return
        echo "$2/$program"
    done
    for program in livepatch probes; do
        "$guest/../rootkit/build.sh" "$1" "$guest/$program.c" || return
    done
}
