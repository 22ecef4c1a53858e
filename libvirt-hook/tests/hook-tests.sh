#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# hook-tests.sh HOOK MANAGER_DOUBLE HOOK_LATENCY: the hook's fail-safe table, against a server that plays the manager.
# shellcheck disable=SC2086 # numbers, and lists of words that shall be split
# shellcheck disable=SC2002 # what matters there is the pipe
set -u
hook=$(realpath "$1") double=$(realpath "$2") latency=$(realpath "$3")
work=$(mktemp -d)
export SIM_RUN_DIR=$work
server=
trap '[ -n "$server" ] && kill $server; rm -rf "$work"' EXIT
passed=0 failed=0

xml() { # metadata -> domain XML as libvirt writes it
    printf "<domain type='qemu' id='1'>\n  <name>demo</name>\n  <metadata>\n    %s\n  </metadata>\n  <memory unit='KiB'>262144</memory>\n</domain>\n" "$1"
}
ns='xmlns:sim="https://simvm.org/xmlns/libvirt/domain/1.0"'
xml "<sim:sim $ns required=\"yes\">
      <sim:monitor name=\"syscalls\"/>
    </sim:sim>" >"$work/required.xml"
xml "<sim:sim $ns required=\"no\"><sim:monitor name=\"syscalls\"/></sim:sim>" >"$work/optional.xml"
xml "<sim:sim $ns/>" >"$work/default.xml"
xml "<sim:sim $ns required=\"maybe\"/>" >"$work/odd.xml"
xml "<sim:sim required='yes' $ns/>" >"$work/quotes.xml"
xml "<sim xmlns=\"https://simvm.org/xmlns/libvirt/domain/1.0\" required=\"yes\"/>" \
    >"$work/default-namespace.xml"
xml "<sim:sim $ns requird=\"yes\"/>" >"$work/typo.xml"
xml "<sim:sim xmlns:sim=\"http://simvm.org/xmlns/libvirt/domain/1.0\" required=\"yes\"/>" \
    >"$work/http.xml"
xml "<sim:sim $ns required=\"yes" >"$work/broken.xml"
xml "<other:x xmlns:other=\"http://example.org\" required=\"yes\"/>" >"$work/foreign.xml"
xml "<sim:sim $ns><!-- required=\"yes\" <sim required=\"yes\"> --></sim:sim>" >"$work/comment.xml"
xml "<sim:sim $ns/><other:x xmlns:other=\"http://example.org\" required=\"yes\"/>" >"$work/neighbour.xml"

manager() { # BEHAVIOUR, or none
    if [ -n "$server" ]; then kill $server; wait $server 2>/dev/null; server=; fi
    rm -f "$work/sim-manager.sock"; : >"$work/log"
    [ "$1" = none ] && return
    "$double" "$work/sim-manager.sock" "$work/log" "$1" & server=$!
    for _ in $(seq 200); do [ -S "$work/sim-manager.sock" ] && return; sleep 0.01; done
    echo "the manager's double did not start"; exit 1
}
call() { # XML OPERATION [SUB]
    local start; start=$(date +%s%N)
    out=$("$hook" demo "$2" "${3:-begin}" - <"$work/$1.xml" 2>"$work/err"); rc=$?
    ms=$((($(date +%s%N) - start) / 1000000)); err=$(cat "$work/err")
}
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL: $test: $1"; echo "  rc=$rc ms=$ms"; echo "  out=$out"; echo "  err=$err"; }
passes() { if [ $rc = 0 ] && [ -z "$out$err" ]; then ok; else bad "expected exit 0, nothing written"; fi; }
refuses() { if [ $rc = 1 ] && [ -z "$out" ] && [ "$(wc -l <"$work/err")" = 1 ] && [[ $err == *"domain 'demo'"*"$1"* ]]; then ok; else bad "expected refusal: $1"; fi; }
asked() { if [ "$(cat "$work/log")" = "$1" ]; then ok; else bad "manager was asked '$(cat "$work/log")', expected '$1'"; fi; }
within() { if [ $ms -le "$1" ]; then ok; else bad "took more than $1 ms"; fi; }
starts="prepare start started restore migrate attach"

test="a domain without our element passes without asking anybody"
manager refuse
for op in $starts stopped release reconnect; do call foreign $op; passes; done
asked ""

test="the manager gets operation, name and XML; ok lets the domain pass"
manager ok
call required prepare begin; passes; asked "prepare begin demo $(stat -c %s "$work/required.xml") < >"
for op in start started stopped release reconnect restore migrate; do
    manager ok; call required $op sub; passes; asked "$op sub demo $(stat -c %s "$work/required.xml") < >"
done

test="required and refused: the manager's line is shown"
manager refuse
for op in $starts; do call required $op; refuses "unknown monitor 'x'; see virt-sim check"; done
for document in odd quotes default-namespace broken; do call $document prepare; refuses "unknown monitor"; done

test="refused but not required: passes"
for document in optional default comment neighbour; do call $document prepare; passes; done

test="what can't be understood is refused, required or not, but never what can't be undone"
manager forbid
for op in $starts; do call default $op; refuses "demo:4:5: unknown attribute requird"; done
for op in stopped release reconnect; do call typo $op end; passes; done

test="without a manager, an attribute that there is none of may be a misspelled required"
manager none
for document in typo http; do call $document prepare; refuses "systemctl start sim-manager"; done

test="what can't be undone is never refused"
manager refuse
for op in stopped release reconnect; do call required $op end; passes; done

test="no manager: required refuses with the next step, all else passes"
manager none
for op in $starts; do call required $op; refuses "systemctl start sim-manager"; done
for op in stopped release reconnect something-new; do call required $op; passes; done
call optional prepare; passes

test="a manager that doesn't answer holds libvirt up for 2 s at most"
manager silent;  call required prepare; refuses "did not answer in time"; within 2600
manager trickle; call required prepare; refuses "did not answer in time"; within 2600
manager silent;  call required stopped; passes; within 2600

test="answers that aren't one count as no answer"
manager garbage; call required prepare; refuses "not understood"
manager close;   call required prepare; refuses "without an answer"
manager long;    call required prepare; refuses "without an answer"
manager garbage; call optional prepare; passes

test="an early refusal counts although the manager did not read the XML"
manager early; call required prepare; refuses "not now"

test="a large XML arrives whole; a huge one is refused, and stdin is drained"
manager ok
{ cat "$work/required.xml"; head -c 3000000 /dev/zero | tr '\0' ' '; echo '>'; } >"$work/large.xml"
call large prepare; passes; asked "prepare begin demo $(stat -c %s "$work/large.xml") < >"
{ cat "$work/required.xml"; head -c 9000000 /dev/zero | tr '\0' ' '; } >"$work/huge.xml"
call huge prepare; refuses "did not arrive whole"
call huge stopped; passes
if (set -o pipefail; cat "$work/huge.xml" | "$hook" demo stopped end -); then ok; else bad "broken pipe for libvirt"; fi

test="a stdin that never ends does not hold libvirt up"
start=$(date +%s%N); out=$( (cat "$work/required.xml"; sleep 4) | { "$hook" demo prepare begin - 2>"$work/err"; echo $? >"$work/rc"; echo $((($(date +%s%N) - start) / 1000000)) >"$work/ms"; } )
rc=$(cat "$work/rc") ms=$(cat "$work/ms") err=$(cat "$work/err"); refuses "did not arrive whole"; within 2600

test="missing arguments are a usage error"
out=$("$hook" demo </dev/null 2>"$work/err"); rc=$?; err=$(cat "$work/err"); if [ $rc = 2 ] && [[ $err == usage:* ]]; then ok; else bad "expected usage"; fi

# How long a call takes depends on the machine; how it compares with a program that does nothing
# hardly does.
test="a call, the manager's answer included, costs less than three starts of /bin/true (median)"
manager ok
rc=0 out='' err='' ms=0
read -r p50 p99 baseline < <("$latency" "$hook" "$work/required.xml" 200)
if [ "$p50" -lt $((3 * baseline)) ]; then ok; else
    bad "p50 is $p50 us, that of /bin/true $baseline us"
fi

echo "libvirt-hook: $passed passed, $failed failed;" \
    "p50 $p50 us, p99 $p99 us, /bin/true p50 $baseline us"
[ $failed = 0 ]
