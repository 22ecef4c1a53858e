#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# launcher-tests.sh LAUNCHER FAKE_EMULATOR: what the launcher does to libvirt's command lines.
# shellcheck disable=SC2054,SC1003 # commas and backslashes that are meant
set -u
launcher=$(realpath "$1")
export SIM_QEMU; SIM_QEMU=$(realpath "$2")
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
export SIM_RUN_DIR=$work/run SIM_STATE_DIR=$work/state
uuid=01234567-89ab-cdef-0123-456789abcdef
domain=$SIM_RUN_DIR/domains/libvirt-$uuid
passed=0 failed=0

prepare() { # a prepared domain with the given launch lines
    rm -rf "$work/run" "$work/state"; mkdir -p "$domain" "$SIM_STATE_DIR/required"
    printf '%s\n' "$@" >"$domain/launch"; chmod 600 "$domain/launch"
}
unprepared() { rm -rf "$work/run" "$work/state"; mkdir -p "$domain" "$SIM_STATE_DIR/required"; }
run() { out=$("$launcher" "$@" 2>"$work/err"); rc=$?; err=$(cat "$work/err"); }
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL: $test: $1"; echo "  rc=$rc"; echo "  out=$out"; echo "  err=$err"; }
runs() { if [ "$rc" = 0 ] && [ "$out" = "$(printf '%s\n' "$@")" ] && [ -z "$err" ]; then ok; else bad "expected to run: $*"; fi; }
refuses() { # exit 1, one line, containing the text
    if [ "$rc" = 1 ] && [ -z "$out" ] && [ "$(wc -l <"$work/err")" = 1 ] && [[ $err == "sim: "*"$1"* ]]; then ok; else bad "expected refusal: $1"; fi
}
hidden='pmu=off,arch-lbr=off,intel-pt=off,rtm=off,hle=off,sgx=off,lam=off,fred=off,vmx=off,svm=off'
ram() { echo "{\"qom-type\":\"memory-backend-ram\",\"id\":\"$1\",\"size\":536870912}"; }
memfd() { echo "{\"qom-type\":\"memory-backend-memfd\",\"id\":\"$1\",\"size\":536870912,\"share\":true,\"x-use-canonical-path-for-ramblock-id\":false}"; }

test="libvirt's probe passes untouched, even for a domain that must be prepared"
unprepared; touch "$SIM_STATE_DIR/required/$uuid"
probe=(-S -no-user-config -nodefaults -nographic -machine none,accel=kvm:tcg -qmp unix:/x,server=on,wait=off -pidfile /p -daemonize)
run "${probe[@]}"; runs "${probe[@]}"
run "${probe[@]}" -uuid $uuid; runs "${probe[@]}" -uuid $uuid
for question in -version --version -help -h; do run $question; runs $question; done
run -M none -uuid $uuid; runs -M none -uuid $uuid

test="a domain that isn't under SIM passes untouched"
unprepared
run -machine pc -object "$(ram pc.ram)" -uuid $uuid -m 512; runs -machine pc -object "$(ram pc.ram)" -uuid $uuid -m 512
rm -rf "$work/run" "$work/state"
run -object "$(ram pc.ram)" -uuid $uuid; runs -object "$(ram pc.ram)" -uuid $uuid

test="a required domain that was not prepared is refused"
unprepared; touch "$SIM_STATE_DIR/required/$uuid"
run -object "$(ram pc.ram)" -uuid $uuid; refuses "requires SIM but was not prepared"
run -object "$(ram pc.ram)" -uuid ${uuid^^}; refuses "domain $uuid requires SIM"

test="a prepared domain gets shared RAM and the launch arguments, once"
launch=(-object "memory-backend-file,id=simmem,mem-path=/a b,size=1,share=on" -device "sim-region,id=sim0,memdev=simmem")
for id in pc.ram microvm.ram; do
    prepare "${launch[@]}"; touch "$SIM_STATE_DIR/required/$uuid"
    run -machine "pc,memory-backend=$id" -object "$(ram $id)" -uuid $uuid
    runs -machine "pc,memory-backend=$id" -object "$(memfd $id)" -uuid $uuid "${launch[@]}"
    if [ -e "$domain/launch" ]; then bad "launch file is still there"; else ok; fi
    run -object "$(ram $id)" -uuid $uuid; refuses "was not prepared"
done

test="every NUMA cell's and DIMM's memory is shared"
prepare -x
run -object "$(ram ram-node0)" -numa node,memdev=ram-node0 -object "$(ram ram-node1)" -object "$(ram memdimm0)" -uuid $uuid
runs -object "$(memfd ram-node0)" -numa node,memdev=ram-node0 -object "$(memfd ram-node1)" -object "$(memfd memdimm0)" -uuid $uuid -x

test="other properties of the memory are kept, nested ones too"
prepare -x
run -object '{"qom-type":"memory-backend-ram","id":"ram-node0","prealloc":true,"host-nodes":[0,1],"policy":"bind","odd":"a,\"}b","size":1}' -uuid $uuid
runs -object '{"qom-type":"memory-backend-memfd","id":"ram-node0","prealloc":true,"host-nodes":[0,1],"policy":"bind","odd":"a,\"}b","size":1,"share":true,"x-use-canonical-path-for-ramblock-id":false}' -uuid $uuid -x

test="the option form of older libvirt is understood"
prepare -x
run -object memory-backend-ram,id=pc.ram,size=1,odd=a,,b -uuid $uuid
runs -object memory-backend-memfd,id=pc.ram,size=1,odd=a,,b,share=on,x-use-canonical-path-for-ramblock-id=off -uuid $uuid -x

test="memory that is shared already, and objects that are no memory, stay as they are"
for object in '{"qom-type":"memory-backend-memfd","id":"pc.ram","share":true,"x-use-canonical-path-for-ramblock-id":false,"size":1}' \
              '{"qom-type":"memory-backend-memfd","id":"pc.ram","size":1}' \
              '{"qom-type":"memory-backend-file","id":"pc.ram","mem-path":"/dev/hugepages/libvirt/qemu/1-x","share":true,"prealloc":true,"size":1}' \
              '{"qom-type":"memory-backend-file","id":"memnvdimm0","mem-path":"/nv","share":false,"size":1}'; do
    prepare -x
    run -object '{"qom-type":"secret","id":"masterKey0","format":"raw","file":"/f"}' -object "$object" -uuid $uuid
    runs -object '{"qom-type":"secret","id":"masterKey0","format":"raw","file":"/f"}' -object "$object" -uuid $uuid -x
done

test="a memfd that is asked to be private is shared"
prepare -x
run -object '{"qom-type":"memory-backend-memfd","id":"pc.ram","hugetlb":true,"share":false,"size":1}' -uuid $uuid
runs -object '{"qom-type":"memory-backend-memfd","id":"pc.ram","hugetlb":true,"size":1,"share":true,"x-use-canonical-path-for-ramblock-id":false}' -uuid $uuid -x

test="KVM's guests don't get what shows or escapes the SIM view; a CPU of TCG's is as libvirt wants it"
for kvm in "-accel kvm" "-machine pc,accel=kvm" "-accel accel=kvm,kernel-irqchip=on" -enable-kvm "-machine accel=kvm"; do
    for cpu in host Haswell,vme=on,rtm=on,pmu=on qemu64,+svm; do
        prepare -x
        # shellcheck disable=SC2086
        run $kvm -cpu $cpu -object "$(ram pc.ram)" -uuid $uuid
        # shellcheck disable=SC2086
        runs $kvm -cpu $cpu,$hidden -object "$(memfd pc.ram)" -uuid $uuid -x
    done
done
prepare -x
run -accel kvm -object "$(ram pc.ram)" -uuid $uuid
runs -accel kvm -object "$(memfd pc.ram)" -uuid $uuid -global driver=x86_64-cpu,property=svm,value=off -x
for tcg in "-accel tcg" "-accel tcg,thread=multi" "-machine pc,accel=tcg" "-machine kvm" ""; do
    prepare -x
    # shellcheck disable=SC2086
    run $tcg -cpu max,pmu=on -object "$(ram pc.ram)" -uuid $uuid
    # shellcheck disable=SC2086
    runs $tcg -cpu max,pmu=on -object "$(memfd pc.ram)" -uuid $uuid -x
done

test="what libvirt 9.0 passes and QEMU 10 removed is translated, under SIM or not"
for under in prepare unprepared; do
    $under -x; last=(-x); memory=$(memfd pc.ram)
    [ $under = prepare ] || { last=(); memory=$(ram pc.ram); }
    run -machine pc-i440fx-7.2,usb=off -no-hpet --no-acpi -object "$(ram pc.ram)" \
        -uuid $uuid -device sga -chroot /a,b \
        -chardev tty,id=charserial0,path=/dev/ttyS2 \
        -chardev parport,id=charparallel0,path=/dev/parport0 \
        -async-teardown -runas qemu -chardev pty,id=charserial1 -device sga-like,id=x -serial tty
    runs -machine pc-i440fx-7.2,usb=off -machine hpet=off -machine acpi=off \
        -object "$memory" -uuid $uuid \
        -machine graphics=off -run-with chroot=/a,b -chardev serial,id=charserial0,path=/dev/ttyS2 \
        -chardev parallel,id=charparallel0,path=/dev/parport0 \
        -run-with async-teardown=on -run-with user=qemu \
        -chardev pty,id=charserial1 -device sga-like,id=x -serial tty "${last[@]}"
done

test="a guest whose memory is encrypted is refused with the next step"
for machine in pc,confidential-guest-support=lsec0 pc,memory-encryption=sev0; do
    prepare -x
    run -machine $machine -object "$(ram pc.ram)" -uuid $uuid; refuses "remove <launchSecurity>"
    unprepared
    run -machine $machine -object "$(ram pc.ram)" -uuid $uuid; runs -machine $machine -object "$(ram pc.ram)" -uuid $uuid
done

test="private files are refused with the next step"
for object in '{"qom-type":"memory-backend-file","id":"pc.ram","mem-path":"/m","size":1}' \
              '{"qom-type":"memory-backend-file","id":"pc.ram","mem-path":"/m","share":false,"size":1}' \
              memory-backend-file,id=pc.ram,mem-path=/m,size=1; do
    prepare -x; run -object "$object" -uuid $uuid; refuses "guest RAM 'pc.ram' of domain $uuid is a private file; add <access mode='shared'/>"
done
prepare -x; run -m 512 -mem-path /dev/hugepages -uuid $uuid; refuses "add <access mode='shared'/>"
prepare -x; run -m 512 -uuid $uuid; refuses "has no -object memory-backend"

test="malformed memory backends are refused"
for object in '{"qom-type":"memory-backend-ram"' '{"qom-type":"memory-backend-ram",}' '{"qom-type":"x","qom-type":"memory-backend-ram"}' \
              '{"qom-type":"memory-backend-ram","id":"a"}x' '{"qom-type":"memory-backend-ram","id":"a\' memory-backend-ram,id; do
    prepare -x; run -object "$object" -uuid $uuid; refuses "can't read this memory backend"
done

test="bad UUIDs are refused and never become a path"
unprepared
for text in ../../../../etc/passwd 01234567-89ab-cdef-0123-456789abcde g1234567-89ab-cdef-0123-456789abcdef 0123456789abcdef0123456789abcdef0123 ''; do
    run -uuid "$text"; refuses "-uuid needs a UUID"
done
run -uuid; refuses "-uuid needs a UUID"
run -uuid $uuid -uuid 11234567-89ab-cdef-0123-456789abcdef; refuses "names two domains"

test="a launch file that isn't one is refused"
prepare -x; : >"$domain/launch"; run -object "$(ram pc.ram)" -uuid $uuid; refuses "is not a launch file"
prepare -x; printf 'no newline' >"$domain/launch"; run -object "$(ram pc.ram)" -uuid $uuid; refuses "is not a launch file"
prepare -x; printf 'a\0b\n' >"$domain/launch"; run -object "$(ram pc.ram)" -uuid $uuid; refuses "is not a launch file"
prepare -x; yes x | head -c 65537 >"$domain/launch"; run -object "$(ram pc.ram)" -uuid $uuid; refuses "is not a launch file"
prepare -x; yes x | head -n 300 >"$domain/launch"; run -object "$(ram pc.ram)" -uuid $uuid; refuses "300 arguments"
prepare -x; mv "$domain/launch" "$work/elsewhere"; ln -s "$work/elsewhere" "$domain/launch"; run -object "$(ram pc.ram)" -uuid $uuid; refuses "can't read"
prepare -x; rm "$domain/launch"; mkfifo "$domain/launch"; run -object "$(ram pc.ram)" -uuid $uuid; refuses "is not a regular file"
prepare -x; chmod 666 "$domain/launch"; run -object "$(ram pc.ram)" -uuid $uuid; refuses "can be written by others"

test="a missing QEMU is told before the preparation is used up"
prepare -x
SIM_QEMU=$work/none run -object "$(ram pc.ram)" -uuid $uuid; refuses "can't run $work/none"
if [ -e "$domain/launch" ]; then ok; else bad "launch file was used up"; fi

echo "launcher: $passed passed, $failed failed"
[ $failed = 0 ]
