#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# debian.sh RESULTS GUEST [kvm]: the attacks that need a Linux kernel, on a private host (../host/private-host.sh), or by KVM on a host that has it
# (../vtx/l1-host.sh): what a healthy kernel does to itself must not alarm (A22); then a rootkit changes entries, code, page tables and lists
# (A19, A20, A26), and each change must be found. What goes past the hooks without a change stops
# the guest (A29b, A30b, A32b). GUEST is a folder with vmlinuz, release, and an initrd with what
# ../host/changes.sh needs, the rootkit and bypass.ko.
#
# Writes a table; and to RESULTS a JSON object {"attacks": {"A19": {...}}, "false_alarms": N}. Status 1 if a change was not found, or alarmed in vain.
set -euo pipefail
# shellcheck source=SCRIPTDIR/../scenarios/tap.sh
. "$(dirname "$0")/../scenarios/tap.sh"
# shellcheck source=SCRIPTDIR/../host/attacks.sh
. "$testbed/host/attacks.sh"
# shellcheck source=SCRIPTDIR/../host/changes.sh
. "$testbed/host/changes.sh"
results=$1 kernel=$2 type=${3:-qemu} name=attacked
# The emulated machine would do nothing but check.
interval=2
[ "$type" = qemu ] || interval=20

seconds() { date +%s.%N; }
since() { awk -v a="$1" -v b="$(seconds)" 'BEGIN { printf "%.1f", b - a }'; }
alarms() { ask status "$name" | jq '.violations + .findings'; }
armed() { [ "$(ask info "$name" | jq -r .state)" = armed ]; }
calls() { ask status "$name" | jq '.ring.calls'; }
found_now() { ask check "$name" 'checks=[]' >"$work/check" && jq -c '.results[].findings[]' "$work/check" || echo "the checks could not be made"; }
finding() { ask findings "$name" | jq -r --arg class "$1" --arg about "$2" 'select(.class == $class and (.text | test($about))) | .text'; }
violation() { ask violations "$name" | jq -r --arg kind "$1" 'select(.kind == $kind) | .text'; }
suspended() { [ "$(virsh -q domstate "$name")" = pmsuspended ]; }
wake() { if wait_until 120 suspended; then sleep 1 && virsh -q dompmwakeup "$name" >/dev/null; fi; }
more() { [ "$("${@:2}" | wc -l)" -gt "$1" ]; }

declare -A tried stopped slowest how
classes=(A19 A20 A22 A26 A29b A30b A32b)
for class_of_attack in "${classes[@]}"; do
    tried[$class_of_attack]=0 stopped[$class_of_attack]=0
    slowest[$class_of_attack]=0 how[$class_of_attack]=
done

# record CLASS SECONDS HOW: it was stopped; record CLASS - WHAT: it was not
record() {
    tried[$1]=$((tried[$1] + 1))
    if [ "$2" = - ]; then
        echo "     NOT STOPPED, $1: $3"
        return
    fi
    stopped[$1]=$((stopped[$1] + 1))
    slowest[$1]=$(awk -v a="${slowest[$1]}" -v b="$2" 'BEGIN { print (a > b ? a : b) }')
    how[$1]+="${how[$1]:+, }$3"
}

# attack CLASS PARAMETERS HOW FINDER…: the rootkit does it, and what FINDER prints must grow.
attack() {
    local class=$1 parameters=$2 by=$3 before begun
    shift 3
    say "  … $class: $parameters"
    before=$("$@" | wc -l)
    begun=$(seconds)
    guest "$name" 60 "insmod /rootkit.ko $parameters" >"$work/said" || { record "$class" - "$by: the module was not loaded: $(cat "$work/said")"; return; }
    if wait_until $((30 + interval)) more "$before" "$@"; then
        record "$class" "$(since "$begun")" "$by"
    else
        record "$class" - "$by: nothing was found"
    fi
    guest "$name" 60 'rmmod rootkit' >/dev/null || true
}

# unseen CLASS PARAMETERS FINDER…: the control: the same while checks are suspended. It succeeded if nobody was told.
declare -A unseen
unseen() {
    local class=$1 parameters=$2 before
    shift 2
    ask suspend-checks "$name" seconds=600 'reason="a control of the attacks"' >/dev/null
    before=$("$@" | wc -l)
    if guest "$name" 60 "insmod /rootkit.ko $parameters" >/dev/null; then
        sleep $((2 * interval))
        if more "$before" "$@"; then unseen[$class]=false; else unseen[$class]=true; fi
        guest "$name" 60 'rmmod rootkit' >/dev/null || true
    else
        unseen[$class]=false
    fi
    ask resume-checks "$name" >/dev/null
}

# stops CLASS MODULE HOW KIND ABOUT: the module is loaded in a guest that was started for it, and a
# violation of that KIND and about that stops it.
stops() {
    local class=$1 module=$2 by=$3 kind=$4 about=$5 begun
    say "  … $class: $module"
    restart || { record "$class" - "$by: the guest does not start again"; return; }
    [ "$class" != A32b ] || plug_in || { record "$class" - "$by: no CPU can be plugged in"; return; }
    begun=$(seconds)
    guest "$name" 1 "insmod $module" >/dev/null || true
    if wait_until $((30 + interval)) more 0 violations_about "$kind" "$about"; then
        record "$class" "$(since "$begun")" "$by"
    else
        record "$class" - "$by: no violation: $(guest "$name" 20 'dmesg | tail -n 3')"
    fi
}
violations_about() { violation "$1" | grep -E -- "$2" || true; }
restart() {
    virsh -q destroy "$name" >/dev/null 2>&1 || true
    wait_until 60 _shut_off "$name" && : >"$(console "$name").log" &&
        domain_start "$name" && domain_ready "$name" 240 && wait_until 60 armed
}
plug_in() {
    virsh -q setvcpus "$name" 3 --live >/dev/null || return
    # shellcheck disable=SC2016
    guest "$name" 120 'c=/sys/devices/system/cpu/cpu2; i=0; while [ ! -e $c ] && [ $i -lt 100 ]; do sleep 1; i=$((i + 1)); done;
        echo 1 >$c/online; [ "$(cat $c/online)" = 1 ]' >/dev/null
}

series=$(cat "$kernel/release")
say "  … Starting a guest of $series"
SIM_PLAIN_EMULATOR=/usr/bin/qemu-system-x86_64-sim \
    domain_define "$name" "$kernel" "$kernel/initrd" "type=$type" vcpus=2 spare=1 \
    "sim=<sim required=\"yes\"><monitor name=\"syscalls\"/><monitor name=\"process\"/><integrity interval=\"$interval\" jitter=\"0\"/></sim>"
domain_start "$name"
domain_ready "$name" 240 || fail "the guest of $series does not boot: $(tail -n 3 "$(console "$name").log")"
armed || fail "the guest of $series is not armed: $(ask info "$name" | jq -c '.failure // .problem')"
# shellcheck disable=SC2034 # attacks.sh
kallsyms=/symbols
guest "$name" 240 "grep -E ' (sys_call_table|idt_table|orderly_poweroff|wake_up_new_task)( |\$)' /proc/kallsyms >$kallsyms" >/dev/null ||
    fail "the guest's addresses cannot be read"

# ---- A22
cannot=
for kind in "${change_kinds[@]}"; do
    change_of "$kind"
    say "  … A22: $change"
    before=$(alarms) counted=$(calls)
    [ "$kind" != suspend ] || wake &
    said=$(guest "$name" 120 "$begin" 2>&1) || true
    case $said in
        *cannot*) cannot+="${cannot:+, }$change (${said##*cannot: })"; continue ;;
    esac
    found=$(found_now)
    said+=$(guest "$name" 120 "$end" 2>&1) || true
    guest "$name" 60 '/workload forks 10' >/dev/null || true
    found+=$(found_now)
    if [[ $said != *done*done* ]]; then
        record A22 - "$change does not work any more: $(tail -n 2 <<<"$said")"
    elif [ -n "$found" ] || [ "$(alarms)" != "$before" ]; then
        record A22 - "$change alarms: ${found:0:300}"
    elif [ "$(calls)" -le "$counted" ]; then
        record A22 - "the hooks are not in force after $change"
    else
        record A22 0 "$change"
    fi
done
# healthy TEXT COMMAND…: what a kernel, a debugger or an operator may do must not alarm
healthy() {
    local text=$1 before
    shift
    say "  … A22: $text"
    before=$(alarms)
    if ! "$@" >"$work/said" 2>&1; then
        record A22 - "$text does not work: $(tail -n 1 "$work/said")"
    elif guest "$name" 60 '/workload forks 10' >/dev/null && [ -z "$(found_now)" ] &&
        [ "$(alarms)" = "$before" ]; then
        record A22 0 "$text"
    else
        record A22 - "$text alarms: $(found_now)"
    fi
}
healthy "a vCPU that is plugged in" plug_in
# shellcheck disable=SC2016
healthy "entry registers written with what they have" guest "$name" 60 \
    'for c in 0 1 2; do insmod /bypass.ko same=1 cpu=$c && rmmod bypass || exit 1; done'
# shellcheck disable=SC2016
healthy "a breakpoint behind a hook" guest "$name" 60 \
    "insmod /bypass.ko elsewhere=$(address_of wake_up_new_task) && /workload forks 10 && rmmod bypass && dmesg | grep -q 'bypass: [1-9][0-9]* hits'"
false_alarms=$(alarms)
[ -z "$cannot" ] || echo "     not tried in A22: $cannot"

# ---- A19: what leads into the kernel, hooks, the gate's page
hook=wake_up_new_task
for kind in systemCall interrupt text filter; do
    attack_of "$kind"
    attack A19 "$parameters" "check $class" finding "$class" "$about"
done
attack_of systemCall
unseen A19 "$parameters" finding "$class" "$about"
attack A19 "overwrite=$(address_of $hook)" "sealed, reported" violation sealed-write
guest "$name" 30 "dmesg | grep -q 'it withstood'" >/dev/null || record A19 - "an overwritten hook did not withstand"

# ---- A20, A26: of one process
# shellcheck disable=SC2016
pid=$(guest "$name" 30 '/workload idle 1000 & echo pid $!' | sed -n 's/^pid \([0-9]*\).*/\1/p')
sleep $((interval + 1))
for kind in hide tables; do
    attack_of "$kind" "$pid"
    number=$([ $kind = tables ] && echo A20 || echo A26)
    attack "$number" "$parameters" "check $class" finding "$class" "$about"
    unseen "$number" "$parameters" finding "$class" "$about"
done

# ---- A19, last: the hook stays bypassed, so the process monitor sees nobody begin any more
attack A19 "remap=$(address_of $hook)" "check hooks" finding hooks "$hook"

# ---- A29b, A30b, A32b: past the hooks, each in a guest of its own
unset kallsyms
stops A29b "/bypass.ko skip=$(address_of $hook)" "a breakpoint on a hook, F1" \
    exception 'exception 1 in the normal view'
stops A30b "/rootkit.ko lstar=1" "LSTAR, F1" pinned-control lstar
stops A30b "/bypass.ko msr=0xc0000084 value=0 cpu=1" "FMASK, F1" pinned-control fmask
stops A30b "/bypass.ko idt=1" "LIDT, F1" pinned-control idtr
stops A30b "/bypass.ko gdt=1 cpu=1" "LGDT, F1" pinned-control gdtr
stops A32b "/bypass.ko msr=0xc0000081 value=0 cpu=2" "STAR of a vCPU plugged in, F1" \
    pinned-control 'star by vCPU 2'
domain_forget "$name"

title() {
    case $1 in
        A19) echo "LSTAR, IDT, system calls, hooks rewritten" ;;
        A20) echo "hooks bypassed by a process's own tables" ;;
        A22) echo "a kernel that patches itself, must not alarm" ;;
        A26) echo "a hidden process" ;;
        A29b) echo "a hook of Linux's stepped over" ;;
        A30b) echo "Linux's entry registers, for a moment" ;;
        A32b) echo "the same on a vCPU that was plugged in" ;;
    esac
}
json="{}" failed=0
for class in "${classes[@]}"; do
    printf '%-4s %-52s %7d %7d %6.1f s   %s\n' "$class" "$(title "$class")" \
        "${tried[$class]}" "${stopped[$class]}" "${slowest[$class]}" "${how[$class]}"
    [ "${tried[$class]}" = "${stopped[$class]}" ] || failed=1
    control=${unseen[$class]:-null} because="checks that are suspended"
    [ "$class" != A22 ] || because="A19, A20 and A26 alarm"
    [[ $class != A*b ]] || because="that of ${class%b}: a machine that is not sealed"
    [ "$control" != false ] || { echo "     the control of $class gained nothing, with $because"; failed=1; }
    json=$(jq --arg class "$class" --arg title "$(title "$class")" --argjson tried "${tried[$class]}" --argjson stopped "${stopped[$class]}" \
        --argjson slowest "${slowest[$class]}" --arg how "${how[$class]}" --arg kernel "$series" --argjson control "$control" --arg because "$because" \
        '. + {($class): {title: $title, tried: $tried, stopped: $stopped, control_succeeded: $control, control: $because,
            ended: $how, seconds_to_report: $slowest, kernel: $kernel}}' <<<"$json")
done
jq -n --argjson attacks "$json" --argjson alarms "$false_alarms" '{attacks: $attacks, false_alarms: $alarms}' >"$results"
[ "$failed" = 0 ] && [ "$false_alarms" = 0 ] || exit 1
