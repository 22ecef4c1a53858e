#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# debian.sh: a real Debian user space (systemd, dbus, logind, apt) on a disk, with two vCPUs: boots,
# works and shuts down under SIM, and is rebooted and armed again.
set -euo pipefail
# shellcheck source=SCRIPTDIR/tap.sh
. "$(dirname "$0")/tap.sh"

series=${1:-6.12}
kernel=$("$testbed/guest/kernels.sh" "$series")
image=$(find "$CACHE/images" -maxdepth 1 -name "debian-*.ext4" -printf "%T@ %p\n" 2>/dev/null | sort -n | tail -n 1 | cut -d" " -f2-) || true
[ -n "$image" ] || { skip "Debian user space" "no disk image (guest/mkimage.sh makes it)"; finish; }
cp --sparse=always "$image" "$work/disk"
# One QEMU against another's run directory (A33), for which this machine needs no AppArmor
rules=$testbed/../../packaging/apparmor/libvirt-qemu.sim
sed 's/@{profile_name}/*/' "$rules" >"$work/any-domain"
for file in "$testbed/guest/neighbours.sh" "$rules" "$work/any-domain"; do
    PATH=$PATH:/sbin:/usr/sbin debugfs -w -R "write $file root/$(basename "$file")" "$work/disk" 2>/dev/null
done
"$testbed/guest/mkinitrd.sh" "$kernel" "$work/initrd" --disk
name=debian
domain_define $name "$kernel" "$work/initrd" disk="$work/disk" memory=1024 vcpus=2
check "the element is taken up" domain_watch $name '<sim required="yes"><monitor name="syscalls">
    <parameter name="calls" value="execve,connect,ptrace,finit_module"/></monitor><monitor name="process"/></sim>'
check "it starts" domain_start $name
check "it boots to multi-user" domain_ready $name 300
equal "it is armed" armed "$(virt-sim info $name -o json | jq -r .state)"
equal "systemd says that all is well" running "$(guest $name 120 'systemctl is-system-running --wait')"
equal "no unit failed" "" "$(guest $name 60 'systemctl list-units --failed --no-legend --plain')"
equal "dbus and logind answer" "" "$(guest $name 60 'busctl call org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.DBus.Peer Ping')"
holds "the package database is whole" '^0$' "$(guest $name 120 'dpkg --audit | wc -l')"
guest $name 60 'echo "it lasts" >/root/written; sync; sha256sum /usr/bin/* >/root/sums; sha256sum --quiet -c /root/sums' >/dev/null && status=0 || status=$?
equal "its disk works" 0 "$status"
holds "both processors work" '300 forks.*300 forks' "$(guest $name 120 'workload forks 300 & workload forks 300; wait' | tr '\n' ' ')"
equal "nothing in the kernel's log is worse than a warning" "" "$(guest $name 60 'dmesg -l emerg,alert,crit,err | grep -v "autofs4\|i8042\|lockdown"')"
neighbours() { guest $name 60 "sh /root/neighbours.sh /root/$1"; }
equal "a QEMU may use its own run directory alone" \
    "own: read write socket, neighbour's: -" "$(neighbours libvirt-qemu.sim)"
equal "as its rule names its profile" \
    "own: read write socket, neighbour's: read write socket" "$(neighbours any-domain)"
check "every integrity check passes" virt-sim check $name
equal "no violation, no finding" "0 0" "$(virt-sim status $name -o json | jq -r '"\(.violations) \(.findings)"')"
equal "no event lost" "0 0" "$(virt-sim status $name -o json | jq -r '"\(.ring.dropped) \(.ring.missing)"')"

: >"$(console $name).log"
guest $name 1 'systemctl reboot' >/dev/null || true
check "it reboots" domain_ready $name 300
check "and is armed again" wait_until 30 sh -c "virt-sim status $name -o json | jq -e '.state == \"armed\" and .device.armedBoots == 2'"
equal "what it wrote is still there" "it lasts" "$(guest $name 60 'cat /root/written')"
check "every integrity check passes after the reboot" virt-sim check $name
check "the power button is pressed" virsh -q shutdown $name
check "it shuts down" domain_gone $name 120
check "its file system was left clean" sh -c "PATH=\$PATH:/sbin:/usr/sbin; dumpe2fs -h $work/disk 2>/dev/null | grep -q 'Filesystem state: *clean'"
domain_forget $name
finish
