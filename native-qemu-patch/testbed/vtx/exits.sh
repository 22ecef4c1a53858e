# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# exits.sh: for sourcing on a host with KVM, as root. What KVM itself counts of a running guest.
#
#   exits_counters PID                   its counters in debugfs, summed over vCPUs, one `NAME VALUE` a line
#   exits_difference BEFORE AFTER NAME   by how much the counter NAME of two such texts grew
#   exits_record COMMAND…                runs COMMAND and writes each exit meanwhile to standard output, one a line, as
#                                        `VCPU-THREAD REASON RIP`; on standard error what COMMAND wrote. REASON of an
#                                        exception is `EXCEPTION_NMI:VECTOR:ERROR-CODE`, in hexadecimal
#
# Exits are recorded by KVM's own trace event kvm_exit; an event that was lost is an error.

_debugfs=/sys/kernel/debug
_tracing=$_debugfs/tracing

exits_counters() {
    local folder
    folder=$(compgen -G "$_debugfs/kvm/$1-*") || { echo "exits.sh: KVM knows no VM of process $1" >&2; return 1; }
    # The folders of the vCPUs are none of them.
    (cd "$folder" || exit; grep -sH . -- * || true) | sed -n 's/^\([a-z_0-9]*\):\([0-9]*\)$/\1 \2/p'
}

exits_difference() {
    awk -v name="$3" '$1 == name { if (seen++) { print $2 - before; found = 1 } else before = $2 }
        END { exit !found }' <(printf '%s\n%s\n' "$1" "$2")
}

exits_record() {
    local status=0
    echo 0 >$_tracing/tracing_on
    echo 16384 >$_tracing/buffer_size_kb
    : >$_tracing/trace
    echo 1 >$_tracing/events/kvm/kvm_exit/enable
    echo 1 >$_tracing/tracing_on
    "$@" >&2 || status=$?
    echo 0 >$_tracing/tracing_on
    echo 0 >$_tracing/events/kvm/kvm_exit/enable
    if ! grep -qx 'overrun: 0' "$_tracing"/per_cpu/cpu*/stats; then
        echo "exits.sh: more exits than the trace holds" >&2
        status=1
    fi
    # The name of a vCPU's thread has a space in it.
    sed -n -e 's/^\(.*kvm_exit: .*reason EXCEPTION_NMI\)\( rip .*intr_info 0x[0-9a-f]*\([0-9a-f][0-9a-f]\) error_code 0x0*\([0-9a-f]*\).*\)$/\1:\3:\4\2/' \
        -e 's/^.*-\([0-9]*\) *\[.*kvm_exit: .*reason \([^ ]*\) rip \(0x[0-9a-f]*\).*/\1 \2 \3/p' $_tracing/trace
    : >$_tracing/trace
    return $status
}
