#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vtx.sh: runs KVM's selftests of the series in linux/ on a patched kernel in an emulated CPU with VT-x, which any
# machine can: the host's own virtualization is not touched. Builds first what is missing.
#
#   vtx.sh [--serial]     --serial shows what the machine writes while it runs
#
# Writes `ok TEST: CASE` or `not ok TEST: CASE` for each case, `# …` for what a test measured, and
# target/reports/vtx.json with selftests.passed, selftests.failed and seconds (of the run, not of the builds). The
# serial log stays in target/reports/vtx.log. Status 0 only if all passed and the kernel warned of nothing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/../../scripts/progress.sh
. "$here/../../scripts/progress.sh"
reports=$here/../../../target/reports
limit=600

missing=()
for package in build-essential flex bison bc cpio ccache git xorriso busybox-static libelf-dev; do
    dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] || fail "packages are missing. As root: apt-get install ${missing[*]}"

bochs=$("$here/build-bochs.sh")
kernel=$("$here/build-kernel.sh")

work=$(mktemp -d "$CACHE/vtx-run.XXXXXX")
machine=
trap '[ -z "$machine" ] || kill "$machine" 2>/dev/null; rm -rf "$work"' EXIT

root=$work/root
mkdir -p "$root"/{bin,dev,proc,sys,tmp,selftests}
install -m 755 "$here/init" "$root/init"
install -m 755 /bin/busybox "$root/bin/busybox"
for applet in sh mount cat echo uname timeout dmesg grep; do ln -s busybox "$root/bin/$applet"; done
gcc -O2 -static -o "$root/bin/poweroff-bochs" "$here/poweroff-bochs.c"
cp "$kernel"/selftests/* "$root/selftests/"
mkdir -p "$work/iso/isolinux"
(cd "$root" && find . | LC_ALL=C sort | cpio -o -H newc --quiet) >"$work/iso/isolinux/initrd"
cp "$kernel/bzImage" "$work/iso/isolinux/kernel"
cp "$bochs/isolinux.bin" "$bochs/ldlinux.c32" "$work/iso/isolinux/"
# The emulated time stamp counter counts instructions, ips of them a second; tsc_early_khz must fit to that.
# APIC virtualization is broken in Bochs 3.0.
cat >"$work/iso/isolinux/isolinux.cfg" <<'END'
default l1
prompt 0
timeout 0
label l1
 kernel kernel
 append initrd=initrd console=ttyS0,115200 nokaslr quiet tsc=reliable tsc_early_khz=50000 no_timer_check panic=-1 mitigations=off kvm_intel.enable_apicv=0 kvm.nx_huge_pages=force
END
xorriso -as mkisofs -quiet -o "$work/l1.iso" -b isolinux/isolinux.bin -c isolinux/boot.cat \
    -no-emul-boot -boot-load-size 4 -boot-info-table "$work/iso" 2>"$work/xorriso.log" ||
    fail "the boot image could not be made: $(tail -n 1 "$work/xorriso.log")"

cat >"$work/bochsrc" <<END
config_interface: textconfig
display_library: nogui
plugin_ctrl: unmapped=1, biosdev=1, speaker=0, parallel=0, serial=1
cpu: model=corei7_skylake_x, count=1, ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=1, msrs="$here/msrs.def"
memory: guest=512, host=512, block_size=512
romimage: file=$bochs/BIOS-bochs-latest, options=fastboot
vgaromimage: file=$bochs/vgabios.bin
pci: enabled=1, chipset=i440fx
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path=$work/l1.iso, status=inserted
ata1: enabled=0
boot: cdrom
clock: sync=none, time0=1700000000
com1: enabled=1, mode=file, dev=$work/serial
log: $work/bochs.log
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
mouse: enabled=0
speaker: enabled=0
END

mkdir -p "$reports"
rm -f "$reports/vtx.json"
: >"$work/serial"
start=$SECONDS
# Bochs ends with status 1 when it is told to power off: only the serial log tells how it went.
(cd "$work" && exec timeout "$limit" "$bochs/bochs" -q -f bochsrc >"$work/stdout" 2>&1 </dev/null) &
machine=$!
if [ "${1:-}" = --serial ]; then
    tail -n +1 -f --pid="$machine" "$work/serial" >&2
    wait "$machine" || true
else
    step "Running the selftests in the emulated CPU" tail -n +1 -f --pid="$machine" "$work/serial"
    wait "$machine" || true
fi
machine=
seconds=$((SECONDS - start))
tr -d '\r' <"$work/serial" >"$reports/vtx.log"

awk -v seconds="$seconds" -v report="$reports/vtx.json" '
    function result(good, text) { print (good ? "ok " : "not ok ") text; if (good) passed++; else failed++ }
    /^vtx: start / { test = $3; cases = bad = 0; next }
    /^vtx: end / {
        # A test without cases of its own, or one that failed without saying which. One of upstream may lack something
        # here and end with 4; that those of the series find no SIM view is a failure.
        if (!cases && $4 == 4 && test !~ /^sim_/) print "ok " test " # SKIP needs what this machine lacks"
        else if (!cases) result($4 == 0, test ($4 == 4 ? ": KVM has no SIM view" : ""))
        else if ($4 != 0 && !bad) result(0, test ": ended with status " $4)
        ended++; test = ""; next
    }
    /^vtx: kernel .*(WARNING|BUG|cut here|Oops)/ { result(0, substr($0, 6)); next }
    /^vtx: done/ { done = 1 }
    test && /^(not )?ok [0-9]+ / {
        good = ($1 == "ok"); name = $0; sub(/^(not )?ok [0-9]+ (global\.)?/, "", name)
        cases++; if (!good) bad++
        if (/# SKIP/) print "ok " test ": " name; else result(good, test ": " name)
        next
    }
    test && /^# calls|^# 2 MiB/ { print }
    END {
        if (!done) result(0, "the machine ran to the end" (test ? " (it stopped in " test ")" : ""))
        if (!ended) result(0, "a test ran")
        printf "{\"selftests.passed\": %d, \"selftests.failed\": %d, \"seconds\": %d}\n", passed, failed, seconds > report
        printf "%d passed, %d failed\n", passed, failed
        exit failed > 0
    }' "$reports/vtx.log" || {
    say "The serial log: target/reports/vtx.log"
    exit 1
}
