#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run-l1.sh [OPTION…] SCRIPT [ARGUMENT…]: boots the emulated machine (L1: one CPU with VT-x, EPT and VMFUNC, in Bochs),
# runs SCRIPT in it as root, powers it off, and ends with SCRIPT's status. What SCRIPT writes comes out on standard
# output, line by line. The host's own virtualization is not touched. Several may run at the same time.
#
#   --kernel FILE      a bzImage with what l1.config asks for (default: that of build-kernel.sh, with the series)
#   --unpatched        the same Linux without the series (build-kernel.sh --unpatched)
#   --debian SERIES    Debian's own kernel of that series (../guest/kernels.sh), with the modules that the machine needs;
#                      nothing has to be built, but it boots much slower
#   --root FILE|none   the root: an ext4 image, laid under all else and never written (default: mkroot.sh's small
#                      Debian with libvirt). none: SCRIPT runs in an initrd of busybox, which boots in 2 s less
#   --layer FOLDER     lays the files of FOLDER over the root; may be repeated, a later one wins
#   --add FILE[=PATH]  puts FILE in, as PATH or /l1/NAME; may be repeated
#   --memory MIB       RAM of the machine (default 1536, without root 512); all that SCRIPT writes goes there
#   --limit SECONDS    kills the machine after so long (default 600): status 124
#   --ips N            instructions in an emulated second (default 500000000)
#   --append TEXT      more for the kernel's command line
#   --results FOLDER   what SCRIPT leaves in $L1_RESULTS comes back there, at most 256 MiB
#   --times            each line begins with the seconds since the start, as this host's clock counts them
#
# Without a root, SCRIPT finds busybox, /proc, /sys and /dev; with one, a Debian system without services. Both have
# /dev/kvm, debugfs, and no network but lo. A line `l1: kernel TEXT` is a warning of the machine's kernel; SCRIPT's
# status says nothing of it. Status 125: the machine did not run to its end, and standard error says why.
#
# Time. Bochs runs some 50 to 150 million instructions a second. In L1 a second has --ips of them, and an idle second
# passes in less than a real one, so clocks in L1 run unlike those outside. The time stamp counter counts instructions.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/../../scripts/progress.sh
. "$here/../../scripts/progress.sh"
export PATH=$PATH:/usr/sbin:/sbin

kernel='' modules='' root='' layers=() added=() memory='' limit=600 ips=500000000 append='' results='' times=0
while [ $# -gt 0 ]; do
    case $1 in
        --kernel | --debian | --root | --layer | --add | --memory | --limit | --ips | --append | --results)
            [ $# -gt 1 ] || fail "$1 needs a value" ;;&
        --kernel) kernel=$2 && shift 2 ;;
        --unpatched) kernel=$("$here/build-kernel.sh" --unpatched)/bzImage && shift ;;
        --debian)
            modules=$("$here/../guest/kernels.sh" "$2")
            kernel=$modules/vmlinuz
            shift 2
            ;;
        --root) root=$2 && shift 2 ;;
        --layer)
            [ -d "$2" ] || fail "--layer: no folder '$2'"
            layers+=("$2")
            shift 2
            ;;
        --add) added+=("$2") && shift 2 ;;
        --memory) memory=$2 && shift 2 ;;
        --limit) limit=$2 && shift 2 ;;
        --ips) ips=$2 && shift 2 ;;
        --append) append+=" $2" && shift 2 ;;
        --results) results=$2 && shift 2 ;;
        --times) times=1 && shift ;;
        -*) fail "what is $1? The head of $0 tells the options" ;;
        *) break ;;
    esac
done
[ $# -gt 0 ] || fail "which script? run-l1.sh [OPTION…] SCRIPT [ARGUMENT…]"
script=$1
shift
[ -f "$script" ] || fail "no file $script"
[ -n "$kernel" ] || kernel=$("$here/build-kernel.sh")/bzImage
[ -n "$root" ] || root=$("$here/mkroot.sh")
[ -n "$memory" ] || { [ "$root" = none ] && memory=512 || memory=1536; }
bochs=$("$here/build-bochs.sh")

work=$(mktemp -d "$CACHE/vtx-run.XXXXXX")
machine=
trap '[ -z "$machine" ] || kill "$machine" 2>/dev/null; rm -rf "$work"' EXIT

quoted() { local word; for word in "$@"; do printf " '%s'" "${word//\'/\'\\\'\'}"; done; }

# The initrd, and the tree that is laid over the root: without a root they are one.
initrd=$work/initrd
over=$work/over
mkdir -p "$initrd"/{bin,dev,proc,sys,tmp,mnt}
[ "$root" != none ] || over=$initrd
mkdir -p "$over/l1"
for layer in ${layers[@]+"${layers[@]}"}; do
    # Links where the file systems allow it: nothing is written to these files.
    cp -al "$layer/." "$over/" 2>/dev/null || cp -a "$layer/." "$over/"
done
for file in ${added[@]+"${added[@]}"}; do
    path=${file#*=}
    [[ $file == *=* ]] || path=/l1/$(basename "$file")
    mkdir -p "$over/$(dirname "$path")"
    cp -a --remove-destination "${file%%=*}" "$over/$path"
done
install -m 755 "$script" "$over/l1/script"
printf '#!/bin/sh\nexec /l1/script%s\n' "$(quoted "$@")" >"$over/l1/start"
chmod 755 "$over/l1/start"
install -m 755 "$here/l1-init" "$initrd/init"
cp /bin/busybox "$initrd/bin/busybox"
mkdir "$initrd/modules"
: >"$initrd/modules/order"
if [ -n "$modules" ]; then
    # shellcheck source=SCRIPTDIR/../guest/modules.sh
    . "$here/../guest/modules.sh"
    for module in ata_piix sd_mod ext4 overlay kvm_intel; do add_module "$modules" "$initrd" "$module"; done
fi
gcc -O2 -static -o "$initrd/bin/poweroff-bochs" "$here/poweroff-bochs.c"

disks=()
disk() { # disk CHANNEL MODEL FILE MODE
    disks+=("ata$1: type=disk, path=\"$3\", mode=$4, journal=\"$work/$2\", cylinders=0, heads=16, spt=63, model=\"$2\"")
}
if [ "$root" != none ]; then
    disk 0-master sim-root "$root" volatile
    mib=$(($(du -sm "$over" | cut -f1) * 11 / 10 + 8))
    truncate -s "${mib}M" "$work/over.ext4"
    mke2fs -q -t ext4 -O ^has_journal -m 0 -E root_owner=0:0 -d "$over" "$work/over.ext4" ||
        fail "the layers could not be written to a disk"
    rm -rf "$over"
    disk 0-slave sim-layer "$work/over.ext4" volatile
fi
if [ -n "$results" ]; then
    mkdir -p "$results"
    truncate -s 256M "$work/results"
    disk 1-master sim-results "$work/results" flat
fi

mkdir -p "$work/iso/isolinux"
(cd "$initrd" && find . | LC_ALL=C sort | cpio -o -H newc --quiet) >"$work/iso/isolinux/initrd"
cp "$kernel" "$work/iso/isolinux/kernel"
cp "$bochs/isolinux.bin" "$bochs/ldlinux.c32" "$work/iso/isolinux/"
# The time stamp counter counts instructions; tsc_early_khz must fit to that. APIC virtualization is broken in Bochs 3.0.
cat >"$work/iso/isolinux/isolinux.cfg" <<X
default l1
prompt 0
timeout 0
label l1
 kernel kernel
 append initrd=initrd console=ttyS0,115200 nokaslr quiet tsc=reliable tsc_early_khz=$((ips / 1000)) no_timer_check panic=-1 mitigations=off kvm_intel.enable_apicv=0$append
X
xorriso -as mkisofs -quiet -o "$work/l1.iso" -b isolinux/isolinux.bin -c isolinux/boot.cat \
    -no-emul-boot -boot-load-size 4 -boot-info-table "$work/iso" 2>"$work/xorriso.log" ||
    fail "the boot image could not be made: $(tail -n 1 "$work/xorriso.log")"

{
    cat <<X
config_interface: textconfig
display_library: nogui
plugin_ctrl: unmapped=1, biosdev=1, speaker=0, parallel=0, serial=1
cpu: model=corei7_skylake_x, count=1, ips=$ips, reset_on_triple_fault=0, ignore_bad_msrs=1, msrs="$here/msrs.def"
memory: guest=$memory, host=$memory, block_size=512
romimage: file=$bochs/BIOS-bochs-latest, options=fastboot
vgaromimage: file=$bochs/vgabios.bin
pci: enabled=1, chipset=i440fx
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata1: enabled=1, ioaddr1=0x170, ioaddr2=0x370, irq=15
ata1-slave: type=cdrom, path="$work/l1.iso", status=inserted
boot: cdrom
clock: sync=none, time0=$(date +%s)
com1: enabled=1, mode=file, dev="$work/serial"
log: "$work/bochs.log"
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
mouse: enabled=0
speaker: enabled=0
X
    printf '%s\n' ${disks[@]+"${disks[@]}"}
} >"$work/bochsrc"

: >"$work/serial"
# Bochs ends with status 1 when it is told to power off: only the serial log tells how it went.
(cd "$work" && exec timeout "$limit" "$bochs/bochs" -q -f bochsrc >"$work/stdout" 2>&1 </dev/null) &
machine=$!
start=$SECONDS
tail -n +1 -s 0.2 -f --pid="$machine" "$work/serial" | sed -u 's/\r//g' | while IFS= read -r line; do
    if [[ $line =~ ^l1:\ status\ ([0-9]+)$ ]]; then echo "${BASH_REMATCH[1]}" >"$work/status"; continue; fi
    [ $times = 0 ] || printf '%4d ' $((SECONDS - start))
    printf '%s\n' "$line"
done
killed=0
wait "$machine" || killed=$?
machine=

if [ -n "$results" ] && [ "$(head -c 1 "$work/results" | tr -d '\0')" ]; then
    tar -xf "$work/results" -C "$results" --no-same-owner
fi
if [ -s "$work/status" ]; then exit "$(cat "$work/status")"; fi
[ $killed -ne 124 ] || { say "run-l1.sh: the machine was killed after $limit s"; exit 124; }
say "run-l1.sh: the machine stopped before the script ended: $(grep -ahE 'PANIC|panic' "$work/stdout" "$work/bochs.log" "$work/serial" | tail -n 1)"
exit 125
