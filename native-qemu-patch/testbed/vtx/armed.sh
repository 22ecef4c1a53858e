#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# armed.sh SERIES[,OPTION…]:GATE…: on a host with KVM (l1-host.sh in the emulated machine, or a real one), as libvirt's user would
# see it: for each, a guest of Debian's kernel SERIES (/sim/guests/SERIES) is armed at boot with the gate GATE (vmfunc,
# hypercall, exit), works, is watched, is checked, is attacked, and its calls are counted against KVM's own counters.
# An OPTION is vcpus=N or a word for the guest's kernel, as in 6.12,pti=on,vcpus=4:vmfunc; calls are
# counted without one.
#
# Writes TAP lines, and lines `# figure NAME VALUE`: calls.GATE-SERIES, exits.…, exits_per_call.…
set -euo pipefail
# shellcheck source=SCRIPTDIR/../scenarios/tap.sh
. "$(dirname "$0")/../scenarios/tap.sh"
# shellcheck source=SCRIPTDIR/exits.sh
. "$(dirname "$0")/exits.sh"
most_calls=${SIM_CALLS:-100000}

figure() { echo "# figure $1 $2"; }
pid_of() { cat "/run/libvirt/qemu/$1.pid"; }
# What SIM logged of the guest, as JSON lines; virt-sim shows the same, but starts a Java first.
logged() { cat "/var/lib/sim-manager/domains/$uuid/events.jsonl" 2>/dev/null || true; }

# Of recorded exits (exits_record), those in the midst of a call, by where the guest was: not in the kernel's text, and not
# where programs of the test guest and their vDSO lie, but in the gate below the kernel or in the monitor, whose addresses
# are anywhere in the lower half.
in_calls() {
    sed -E 's/ 0x([0-9a-f]+)$/ 0000000000000000\1/; s/ 0+([0-9a-f]{16})$/ x\1/' "$1" |
        awk '$3 < "xffffffff80000000" && $3 >= "x0000000010000000" && ($3 < "x00007ffc00000000" || $3 >= "x0000800000000000")'
}
# Of recorded exits, those between the CPUID before the program's loop and the one behind it: its last two, as its start
# has some of its own.
in_loop() {
    awk '{ exits[NR] = $0; if ($2 == "CPUID" && length($3) <= 9) { first = last; last = NR } }
        END { for (i = first + 1; first && i < last; i++) print exits[i] }' "$1"
}
by_reason() { awk '{ n[$2]++ } END { for (r in n) printf "%s %d  ", r, n[r] }'; }

# How many calls are counted: with gate exit, each is a switch of processes, not some 100 instructions.
counted() { if [ "$1" = exit ]; then echo $((most_calls / 10)); else echo "$most_calls"; fi; }

count_calls() { # count_calls LABEL NAME GATE
    local label=$1 name=$2 gate=$3 calls before after exits said recorded="$work/exits-$2" loop="$work/loop-$2" status=0 unexplained struck brought clock
    calls=$(counted "$gate")
    guest "$name" 60 '/workload syscalls 1000' >/dev/null || true # everything touched once
    before=$(exits_counters "$(pid_of "$name")")
    if [ "$gate" = vmfunc ]; then
        exits_record guest "$name" 120 "/workload syscalls $calls 100" >"$recorded" 2>"$work/said" || status=$?
        said=$(cat "$work/said")
    else
        said=$(guest "$name" 120 "/workload syscalls $calls 100") || status=$?
    fi
    after=$(exits_counters "$(pid_of "$name")")
    equal "$label: $calls calls run through" "$calls calls 0" "$(grep -o '^[0-9]* calls' <<<"$said") $status"
    exits=$(exits_difference "$before" "$after" exits)
    figure "calls.$gate-$name" "$calls"
    figure "exits.$gate-$name" "$exits"
    case $gate in
        vmfunc)
            # Just before and after the trace the guest idles, which a few more exits come from.
            check "$label: the trace has KVM's $exits exits ($(wc -l <"$recorded"))" test "$(wc -l <"$recorded")" -ge $((exits * 8 / 10))
            in_loop "$recorded" >"$loop"
            echo "#   all exits meanwhile, those of the program's start, the clock and the console too: $(by_reason <"$recorded")"
            echo "#   during the loop: $(by_reason <"$loop")"
            echo "#   in the midst of a call: $(in_calls "$loop" | by_reason)"
            # This host's clock strikes in calls too, and what it brought for the guest is delivered when the call is over: by
            # an exit at its VMFUNC, or when the gate lets interrupts in again. Whatever else were an exit of the call's own.
            clock=$(grep -c ' EXTERNAL_INTERRUPT ' "$loop") || true
            check "$label: the loop is found in the trace, by this host's clock in it ($clock)" test "$clock" -gt 0
            struck=$(in_calls "$loop" | grep -c ' EXTERNAL_INTERRUPT ') || true
            brought=$(in_calls "$loop" | grep -cE ' (VMFUNC|INTERRUPT_WINDOW) ') || true
            unexplained=$(($(in_calls "$loop" | wc -l) - struck - (brought < clock ? brought : clock)))
            figure "unexplained_exits.$gate-$name" "$unexplained"
            figure "exits_per_call.$gate-$name" "$(awk -v n="$unexplained" -v c="$calls" 'BEGIN { printf "%.6f", n / c }')"
            equal "$label: no exit of $calls calls, but for this host's clock" "0" "$unexplained"
            ;;
        hypercall)
            # KVM changes the view at an exit, and counts that.
            figure "exits_per_call.$gate-$name" "$(awk -v n="$(exits_difference "$before" "$after" sim_switches)" -v c="$calls" 'BEGIN { printf "%.6f", n / c }')"
            check "$label: two exits for a call" test "$exits" -ge $((2 * calls))
            ;;
        exit)
            figure "exits_per_call.$gate-$name" "$(awk -v n="$(exits_difference "$before" "$after" io_exits)" -v c="$calls" 'BEGIN { printf "%.6f", n / c }')"
            check "$label: one exit for a call" test "$exits" -ge "$calls"
            ;;
    esac
}

try() { # try SERIES[,OPTION…] GATE
    local series=${1%%,*} gate=$2 label="$1 $2" name="guest-${1//[^0-9a-z.]/-}"
    local folder=/sim/guests/$series options=() words='' word
    local info uuid forks first last address hook offset checked violations status
    for word in $(tr ',' ' ' <<<"${1#"$series"}"); do
        case $word in
            vcpus=*) options+=("$word") ;;
            *) words+=" $word" ;;
        esac
    done
    check "$label: it is defined" domain_define "$name" "$folder" "$folder/initrd" type=kvm memory=256 \
        "${options[@]}" append="$words" \
        "sim=<sim required=\"yes\" gate=\"$gate\"><monitor name=\"syscalls\"><parameter name=\"calls\" value=\"execve,openat\"/><parameter name=\"filter\" value=\"no\"/></monitor><monitor name=\"process\"/><integrity interval=\"1\" unit=\"h\"/></sim>"
    uuid=$(virsh -q domuuid "$name" | tr -d '\n ')
    check "$label: it starts" domain_start "$name"
    check "$label: it boots" domain_ready "$name" 120
    info=$(ask info "$name" layout=true) || true
    equal "$label: it is armed" armed "$(jq -r .state <<<"$info")"
    if [ "$(jq -r .state <<<"$info")" != armed ]; then
        jq -c '.failure // .problem // .' <<<"$info" | sed 's/^/    /'
        tail -n 20 "$(console "$name").log" | sed 's/^/    console: /'
        tail -n 20 "$HOST_LOGS/qemu/$name.log" | sed 's/^/    qemu: /'
        domain_forget "$name"
        return
    fi
    equal "$label: by this gate, on KVM" "$gate kvm" "$(jq -r '"\(.gate.inForce) \(.gate.accelerator)"' <<<"$info")"
    equal "$label: the kernel is the one that runs" "$(cat "$folder/release")" "$(jq -r .guest.kernel <<<"$info")"
    figure "paused_ms.$gate-$name" "$(jq .guest.pausedMs <<<"$info")"

    forks=$(guest "$name" 60 '/workload forks 50; cat /proc/version >/dev/null') || true
    holds "$label: it works" '^50 forks' "$forks"
    first=$(sed -n 's/.*first pid \([0-9]*\),.*/\1/p' <<<"$forks") last=$(sed -n 's/.*last pid \([0-9]*\).*/\1/p' <<<"$forks")
    seen_all() { [ "$(logged | jq -r 'select(.type == "fork") | .child.pid' | awk -v a="$first" -v b="$last" '$1 >= a && $1 <= b' | sort -nu)" = "$(seq "$first" "$last")" ]; }
    check "$label: every process it made was seen" wait_until 10 seen_all
    holds "$label: and the path of an open" /proc/version "$(logged | jq -r 'select(.type == "syscall" and .name == "openat") | .texts[]?')"

    if [ "$series" = "$1" ]; then count_calls "$label" "$name" "$gate"; fi

    checked=$(ask check "$name" 'checks=[]') || true
    equal "$label: every integrity check passes" "true 0" "$(jq -r '"\(.results | length > 5) \([.results[].findings[]] | length)"' <<<"$checked")"
    if [ "$gate" != exit ]; then
        guest "$name" 30 "insmod /rootkit.ko probe_gpa=$(jq -r .layout.areaBase <<<"$info"); rmmod rootkit" >/dev/null || true
    fi
    # The guest's own /proc/kallsyms would say it too, but takes a minute to read here.
    hook=$(jq -r '.guest.hooks[] | select(.site | startswith("wake_up_new_task")) | "\(.address) \(.site)"' <<<"$info")
    offset=$(sed -n 's/.*+\(0x[0-9a-f]*\)$/\1/p' <<<"$hook")
    address=$(printf '0x%x' $((${hook%% *} - ${offset:-0})))
    guest "$name" 30 "insmod /rootkit.ko overwrite=$address; rmmod rootkit; dmesg | grep -q 'it withstood'" >/dev/null && status=0 || status=$?
    equal "$label: an overwritten hook withstands" 0 "$status"
    violations=$(ask violations "$name")
    holds "$label: which is reported" sealed-write "$(jq -r .kind <<<"$violations")"
    [ "$gate" = exit ] || holds "$label: a probe of SIM's memory is reported" probe "$(jq -r .kind <<<"$violations")"
    status=$(ask status "$name")
    equal "$label: nothing lost" "0 0" "$(jq -r '"\(.ring.dropped) \(.ring.missing)"' <<<"$status")"
    if [ "$series" = "$1" ]; then
        check "$label: the monitor counted each call ($(jq .ring.calls <<<"$status"))" \
            jq -e ".ring.calls > $(counted "$gate")" <<<"$status"
    fi

    guest "$name" 1 'poweroff -f' >/dev/null || true
    check "$label: it shuts down" domain_gone "$name" 60
    domain_forget "$name"
}

[ $# -gt 0 ] || fail "which guests? armed.sh 6.12:vmfunc"
for one in "$@"; do try "${one%%:*}" "${one#*:}"; done
finish
