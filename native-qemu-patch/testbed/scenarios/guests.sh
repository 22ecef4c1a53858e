#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# guests.sh [KERNEL:OPTION,OPTION…|chosen:KERNEL]…: every kernel that is supported, with paging of 4 and 5 levels, RAM above 4 GiB and two
# vCPUs: armed at boot, everything seen and nothing lost, each attack reported, normal shutdown.
# guests.sh --matrix REPORT [--sample] [PATTERN]: these rows of ../guest/rows.sh, counted in REPORT.
set -euo pipefail
# shellcheck source=SCRIPTDIR/tap.sh
. "$(dirname "$0")/tap.sh"
gcc -O2 -static -o "$work/workload" "$testbed/guest/workload.c"

violations() { virt-sim violations "$1" -o json | jq -r --arg kind "$2" 'select(.kind == $kind) | .text'; }
findings() { virt-sim findings "$1" -o json | jq -r --arg class "$2" 'select(.class == $class) | .text'; }
reported() { [ -n "$("$@")" ]; }
ring() { virt-sim status "$1" -o json | jq -r ".ring.$2"; }

# What the event log holds of one kind, by a program; $3 is a jq filter.
logged() { jq -r --arg type "$2" "select(.type == \$type) | $3" "/var/lib/sim-manager/domains/$(virsh -q domuuid "$1")/events.jsonl"; }

has_loads() {
    [ "$(logged "$1" module 'select(.module == "rootkit") | .subject.comm')" = "$2" ]
}

try() { # try KERNEL-SERIES OPTION…
    local series=$1 kernel name label info release forks first last pids address function
    shift
    label="$series${*:+ ($*)}"
    name=guest-$series
    kernel=$("$testbed/guest/kernels.sh" "$series")
    release=$(cat "$kernel/release")
    "$testbed/guest/mkinitrd.sh" "$kernel" "$work/initrd-$series" "$work/workload" "$("$testbed/rootkit/build.sh" "$kernel")"
    domain_define "$name" "$kernel" "$work/initrd-$series" "$@"
    check "$label: the element is taken up" domain_watch "$name" \
        '<sim required="yes"><monitor name="syscalls"/><monitor name="process"/>
        <monitor name="modules"/><integrity interval="1" unit="h"/></sim>'
    check "$label: it starts" domain_start "$name"
    check "$label: it boots" domain_ready "$name" 120
    info=$(virt-sim info "$name" -o json)
    equal "$label: it is armed" armed "$(jq -r .state <<<"$info")"
    if [ "$(jq -r .state <<<"$info")" != armed ]; then
        jq -c '.failure // .problem' <<<"$info" | sed 's/^/    /'
        domain_forget "$name"
        return
    fi
    equal "$label: the kernel is the one that runs" "$release" "$(jq -r .guest.kernel <<<"$info")"
    equal "$label: paging levels" "$(case " $* " in *" la57=off "*) echo 4 ;; *) echo 5 ;; esac)" "$(jq .guest.pagingLevels <<<"$info")"
    check "$label: the guest stood for $(jq .guest.pausedMs <<<"$info") ms: below 2 s even on a busy machine" \
        jq -e '.guest.pausedMs < 2000' <<<"$info"

    equal "$label: a call is known by the last branch" lastBranch "$(jq -r .gate.invocationCheck <<<"$info")"

    forks=$(guest "$name" 60 '/workload forks 300') || true
    holds "$label: it works" '^300 forks' "$forks"
    first=$(sed -n 's/.*first pid \([0-9]*\),.*/\1/p' <<<"$forks") last=$(sed -n 's/.*last pid \([0-9]*\).*/\1/p' <<<"$forks")
    wait_until 10 test "$(ring "$name" waitingBytes)" = 0 || true
    sleep 0.5
    pids=$(logged "$name" fork .child.pid | sort -n | awk -v a="$first" -v b="$last" '$1 >= a && $1 <= b')
    equal "$label: every process it made was seen" "$(seq "$first" "$last")" "$pids"
    equal "$label: and every exit, with its status" "$(for i in $(seq 0 299); do echo $((i % 128)); done | sort -n)" \
        "$(logged "$name" exit 'select(.subject.comm == "workload" and .subject.pid >= '"$first"' and .subject.pid <= '"$last"') | .status' | sort -n)"
    guest "$name" 30 '/workload doors; echo secret >/tmp/named-by-the-test' >/dev/null || true
    guest "$name" 60 '/workload syscalls 20000' >/dev/null || true
    sleep 1
    equal "$label: every one of 20000 system calls was seen" 20000 \
        "$(logged "$name" syscall 'select(.name == "getppid" and .door == "64" and .subject.comm == "workload") | .subject.pid' | sort | uniq -c | awk '$1 > 1000 {print $1}')"
    holds "$label: through int 0x80 too" getppid "$(logged "$name" syscall 'select(.door == "32") | .name')"
    holds "$label: and x32" . "$(logged "$name" syscall 'select(.door == "x32") | .name')"
    holds "$label: with the path of an open" named-by-the-test "$(logged "$name" syscall 'select(.name == "openat") | .texts[]?')"
    equal "$label: nothing lost" "0 0" "$(ring "$name" dropped) $(ring "$name" missing)"
    check "$label: no call came through a hook that is none" test "$(ring "$name" unknownCalls)" = 0
    check "$label: every integrity check passes" virt-sim check "$name"
    equal "$label: no violation, no finding so far" "0 0" "$(virt-sim status "$name" -o json | jq -r '"\(.violations) \(.findings)"')"

    # A kernel that patches itself must neither break nor alarm.
    guest "$name" 60 'mount -t tracefs tracefs /sys/kernel/tracing; cd /sys/kernel/tracing && echo function >current_tracer &&
        ls >/dev/null && grep -q . trace && echo nop >current_tracer' >/dev/null && status=0 || status=$?
    equal "$label: ftrace of every function works" 0 "$status"
    check "$label: and raises no alarm" virt-sim check "$name"
    if [[ " $* " == *" vcpus=2 "* ]]; then
        holds "$label: no breakpoint is met that another vCPU has taken out" ' 0 of these' "$(guest "$name" 240 '/workload breakpoints 3000')"
    fi

    guest "$name" 30 "insmod /rootkit.ko probe_gpa=$(virt-sim info "$name" --layout -o json | jq -r .layout.areaBase); rmmod rootkit" >/dev/null || true
    check "$label: a probe of SIM's memory is reported" wait_until 10 reported violations "$name" probe
    function=wake_up_new_task
    address="0x\$(sed -n 's/^\\([0-9a-f]*\\) [tT] $function\$/\\1/p' /proc/kallsyms)"
    guest "$name" 30 "insmod /rootkit.ko overwrite=$address; rmmod rootkit; dmesg | grep -q 'it withstood'" >/dev/null && status=0 || status=$?
    equal "$label: an overwritten hook withstands" 0 "$status"
    check "$label: and is reported" wait_until 10 reported violations "$name" sealed-write
    guest "$name" 30 "insmod /rootkit.ko remap=$address; rmmod rootkit" >/dev/null || true
    virt-sim check "$name" >"$work/check" 2>&1 && status=0 || status=$?
    equal "$label: a remapped hook fails the check with status 3" 3 "$status"
    holds "$label: which names it" "$function" "$(findings "$name" hooks)"
    check "$label: each of the three loads of the rootkit was seen, and which program did it" \
        wait_until 30 has_loads "$name" "$(printf 'insmod\n%.0s' 1 2 3)"

    guest "$name" 1 'poweroff -f' >/dev/null || true
    check "$label: it shuts down" domain_gone "$name" 60
    domain_forget "$name"
}

# Of a monitor that wants one system call, the others cost nothing and that one is seen at every door.
chosen() { # chosen KERNEL-SERIES FILTER
    local label="$1, one call of all, filter=$2" name=chosen-$1 kernel before after
    kernel=$("$testbed/guest/kernels.sh" "$1")
    "$testbed/guest/mkinitrd.sh" "$kernel" "$work/initrd-$1" "$work/workload"
    domain_define "$name" "$kernel" "$work/initrd-$1" vcpus=2
    check "$label: the element is taken up" domain_watch "$name" '<sim required="yes"><monitor name="syscalls">
        <parameter name="calls" value="getppid"/><parameter name="filter" value="'"$2"'"/></monitor></sim>'
    check "$label: it starts" domain_start "$name"
    check "$label: it boots" domain_ready "$name" 240
    equal "$label: it is armed" armed "$(virt-sim info "$name" -o json | jq -r .state)"
    before=$(ring "$name" calls)
    guest "$name" 120 'dd if=/dev/zero of=/dev/null bs=1 count=10000 2>/dev/null' >/dev/null || true
    after=$(ring "$name" calls)
    if [ "$2" = yes ]; then
        check "$label: 20000 other calls made $((after - before)) of the gate" test $((after - before)) -lt 1000
    else
        check "$label: 20000 other calls made $((after - before)) of the gate" test $((after - before)) -ge 20000
    fi
    guest "$name" 60 '/workload doors; /workload syscalls 5000' >/dev/null || true
    wait_until 30 test "$(ring "$name" waitingBytes)" = 0 || true
    sleep 1
    equal "$label: it alone is seen" getppid "$(logged "$name" syscall .name | sort -u)"
    equal "$label: at every door" "$(printf '%s\n' 32 64 x32)" "$(logged "$name" syscall .door | sort -u)"
    equal "$label: every time" 5003 "$(logged "$name" syscall 'select(.subject.comm == "workload") | .name' | wc -l)"
    equal "$label: nothing lost" "0 0" "$(ring "$name" dropped) $(ring "$name" missing)"
    check "$label: every integrity check passes" virt-sim check "$name"
    domain_forget "$name"
}

# A row of the matrix. Its outcome: armed (all is as it must be), refused_clearly (one line says why
# it is not armed), crashed (the guest does not come up or go on), wrong (anything else).
row() { # row KERNEL EXPECTED OPTION…
    local series=$1 expected=$2 name=row outcome label kernel failed=$_failed
    shift 2
    label="$series${*:+ ($*)}"
    kernel=$("$testbed/guest/kernels.sh" "$series")
    "$testbed/guest/mkinitrd.sh" "$kernel" "$work/initrd-row" "$work/workload"
    domain_define "$name" "$kernel" "$work/initrd-row" "$@"
    check "$label: the element is taken up" domain_watch "$name" '<sim required="no">
        <monitor name="syscalls"/><monitor name="process"/><monitor name="modules"/></sim>'
    check "$label: it starts" domain_start "$name"
    outcome=$(row_outcome "$name")
    if [ "$outcome" = armed ]; then
        probes "$name" "$label"
        guest "$name" 1 'reboot -f' >/dev/null || true
        check "$label: it reboots" wait_until 180 is_ready "$name" 2
        equal "$label: and is armed again" armed "$(wait_armed "$name")"
        probes "$name" "$label, rebooted"
        [ "$_failed" = "$failed" ] || outcome=wrong
        is_ready "$name" 2 || outcome=crashed
    fi
    equal "$label: $outcome" "${expected/%refused/refused_clearly}" "$outcome"
    results=$(jq --arg kernel "$series" --arg options "$*" --arg expected "$expected" \
        --arg outcome "$outcome" --arg reason "$(reason_of "$name")" --argjson seconds "$SECONDS" \
        '. + [{$kernel, $options, $expected, $outcome, $reason, $seconds}]' <<<"$results")
    domain_forget "$name"
}

state_of() { virt-sim info "$1" -o json | jq -r .state; }
reason_of() { virt-sim info "$1" -o json | jq -r '(.failure // .problem // "") | tostring'; }
is_decided() { [[ $(state_of "$1") =~ ^(armed|failed|unprotected)$ ]]; }
wait_armed() { wait_until 60 is_decided "$1" || true; state_of "$1"; }
is_ready() { [ "$(grep -ca '^@ready' "$(console "$1").log")" -ge "$2" ]; }

row_outcome() {
    local came=yes state reason
    domain_ready "$1" 180 >&2 || came=no
    state=$(wait_armed "$1")
    reason=$(reason_of "$1")
    if [ $came = no ]; then echo crashed
    elif [ "$state" = armed ]; then echo armed
    elif [ -n "$reason" ] && [ "$(wc -l <<<"$reason")" = 1 ]; then echo refused_clearly
    else echo wrong
    fi
}

events_of() { echo "/var/lib/sim-manager/domains/$(virsh -q domuuid "$1")/events.jsonl"; }

# Like logged(), of the events behind the first so many.
since() { # since COUNT NAME TYPE FILTER
    tail -n "+$(($1 + 1))" "$(events_of "$2")" |
        jq -r --arg type "$3" "select(.type == \$type) | $4"
}

probes() { # probes NAME LABEL
    local forks first last from
    from=$(wc -l <"$(events_of "$1")")
    forks=$(guest "$1" 60 '/workload forks 40') || true
    first=$(sed -n 's/.*first pid \([0-9]*\),.*/\1/p' <<<"$forks")
    last=$(sed -n 's/.*last pid \([0-9]*\).*/\1/p' <<<"$forks")
    holds "$2: it works" '^40 forks' "$forks"
    guest "$1" 30 '/workload doors; echo secret >/tmp/named-by-the-test' >/dev/null || true
    guest "$1" 60 '/workload syscalls 2000' >/dev/null || true
    wait_until 30 test "$(ring "$1" waitingBytes)" = 0 || true
    sleep 1
    equal "$2: each fork was seen" "$(seq "$first" "$last")" "$(since "$from" "$1" fork .child.pid |
        sort -n | awk -v a="$first" -v b="$last" '$1 >= a && $1 <= b')"
    equal "$2: and each exit, with its status" "$(seq 0 39)" "$(since "$from" "$1" exit \
        "select(.subject.comm == \"workload\" and .subject.pid >= $first and .subject.pid <= $last)
            | .status" | sort -n)"
    holds "$2: and the programs" /workload "$(since "$from" "$1" exec '.texts[]?, .path?')"
    equal "$2: each of 2000 system calls" 2000 "$(since "$from" "$1" syscall \
        'select(.name == "getppid" and .door == "64" and .subject.comm == "workload")
            | .subject.pid' | sort | uniq -c | awk '$1 > 1000 {print $1}')"
    equal "$2: at each door" "$(printf '%s\n' 32 64 x32)" \
        "$(since "$from" "$1" syscall .door | sort -u)"
    holds "$2: with the path of an open" named-by-the-test \
        "$(since "$from" "$1" syscall 'select(.name == "openat") | .texts[]?')"
    equal "$2: nothing lost" "0 0" "$(ring "$1" dropped) $(ring "$1" missing)"
    check "$2: each integrity check passes" virt-sim check "$1"
    equal "$2: no violation, no finding" "0 0" \
        "$(virt-sim status "$1" -o json | jq -r '"\(.violations) \(.findings)"')"
}

matrix() { # matrix REPORT [--sample] [PATTERN]
    local results='[]' kernel expected options
    while read -r kernel expected options; do
        read -r -a options <<<"$options"
        row "$kernel" "$expected" ${options[@]+"${options[@]}"}
        jq '(reduce .[] as $row ({tried: 0, armed: 0, refused_clearly: 0, wrong: 0, crashed: 0};
            .tried += 1 | .[$row.outcome] += 1)) + {rows: .}' <<<"$results" >"$1"
    done < <("$testbed/guest/rows.sh" "${@:2}")
}

if [ "${1:-}" = --matrix ]; then
    matrix "${@:2}"
elif [ $# -gt 0 ]; then
    for one in "$@"; do
        if [[ $one == chosen:* ]]; then
            chosen "${one#chosen:}" yes
            continue
        fi
        IFS=, read -r -a options <<<"${one#*:}"
        [[ $one == *:* ]] || options=()
        try "${one%%:*}" ${options[@]+"${options[@]}"}
    done
else
    try 6.1
    try 6.1 la57=off vcpus=2
    try 6.12 vcpus=2
    try 6.12 machine=q35 la57=off memory=5120
    try 7 memory=5120
    try 7 la57=off vcpus=2
    chosen 6.1 yes
    chosen 7 yes
    chosen 6.12 no
    matrix "$work/guests.json" --sample
fi
finish
