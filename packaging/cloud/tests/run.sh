#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh: runs each platform's hook on XML as that platform writes it. VIRT_SIM names virt-sim (default: the one in packaging/bin, with
# SIM_SHARE_DIR laid out from what was built). Writes TAP lines.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cloud=$(dirname "$here")
top=$(cd "$cloud/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
ok() { if "${@:2}" >"$work/said" 2>&1; then echo "ok $1"; else echo "not ok $1"; sed 's/^/    /' "$work/said"; failed=1; fi; }

if [ -z "${VIRT_SIM:-}" ]; then
    mkdir -p "$work/share/lib"
    cp "$top"/sim-manager/target/sim-manager-*.jar "$top"/sim-manager/target/lib/*.jar "$work/share/lib/"
    export SIM_SHARE_DIR=$work/share VIRT_SIM=$top/packaging/bin/virt-sim
fi
export SIM_PROFILE=$cloud/profile.xml SIM_CONFIG=$work/empty.conf
: >"$SIM_CONFIG"
launcher=/usr/bin/qemu-system-x86_64-sim

under_sim() { # under_sim FILE: the launcher is the emulator, the element is there, and nothing else was changed
    grep -q "<emulator>$launcher</emulator>" "$1" || { echo "no launcher"; cat "$1"; return 1; }
    grep -q 'sim:monitor name="process"' "$1" || { echo "no element"; cat "$1"; return 1; }
}
# rest XML: what is left of it when what SIM changes is taken away
rest() { python3 - "$1" <<'END'
import re, sys
xml = open(sys.argv[1]).read()
xml = re.sub(r"<sim:sim.*?</sim:sim>", "", xml, flags=re.S)
xml = re.sub(r"\s*<metadata>\s*</metadata>", "", xml)
print(re.sub(r"\s*<emulator>.*?</emulator>", "", xml))
END
}
same_rest() { diff <(rest "$1") <(rest "$2"); }

# --- VDSM ------------------------------------------------------------------------------------------------------------
cp "$here/vdsm.xml" "$work/vdsm.xml"
ok "VDSM: a VM without the custom property stays as it is" env _hook_domxml="$work/vdsm.xml" "$cloud/vdsm/50_sim"
ok "VDSM: byte for byte" cmp "$here/vdsm.xml" "$work/vdsm.xml"
ok "VDSM: a VM with sim=yes is transformed" env sim=yes _hook_domxml="$work/vdsm.xml" "$cloud/vdsm/50_sim"
ok "VDSM: it is under SIM" under_sim "$work/vdsm.xml"
ok "VDSM: all else is as it was" same_rest "$here/vdsm.xml" "$work/vdsm.xml"
cp "$work/vdsm.xml" "$work/once.xml"
ok "VDSM: a second time" env sim=yes _hook_domxml="$work/vdsm.xml" "$cloud/vdsm/50_sim"
ok "VDSM: is the same as once" cmp "$work/once.xml" "$work/vdsm.xml"
sed "s/type='kvm'/type='lxc'/" "$here/vdsm.xml" >"$work/wrong.xml"
env sim=yes _hook_domxml="$work/wrong.xml" "$cloud/vdsm/50_sim" >"$work/out" 2>&1 && status=0 || status=$?
ok "VDSM: a VM that SIM can't serve is not started (status 2)" test "$status" = 2
ok "VDSM: and the reason is one line" test "$(wc -l <"$work/out")" = 1

# --- KubeVirt ----------------------------------------------------------------------------------------------------------
ok "KubeVirt: the sidecar's script runs" sh -c "'$cloud/kubevirt/onDefineDomain' --vmi '{}' --domain \"\$(cat '$here/kubevirt.xml')\" >'$work/kubevirt.xml'"
ok "KubeVirt: what it prints is under SIM" under_sim "$work/kubevirt.xml"
ok "KubeVirt: all else is as it was" same_rest "$here/kubevirt.xml" "$work/kubevirt.xml"
ok "KubeVirt: without a domain it fails" sh -c "! '$cloud/kubevirt/onDefineDomain' --vmi '{}'"

# --- CloudStack --------------------------------------------------------------------------------------------------------
# Its agent's own way of running a script, with the Groovy that Maven has in its repository or the distribution has.
groovy=$(find /usr/share/groovy /usr/share/java "$HOME/.m2/repository" -name 'groovy-all-*.jar' -o -name 'groovy-[234]*.jar' 2>/dev/null | grep -v sources | sort | tail -n 1 || true)
if [ -z "$groovy" ]; then
    echo "ok CloudStack: the agent's hook runs # SKIP there is no Groovy (apt-get install groovy)"
else
    mkdir -p "$work/classes"
    javac -cp "$groovy" -d "$work/classes" "$here/CloudStackAgent.java"
    ok "CloudStack: the agent's hook runs" sh -c "java -cp '$groovy:$work/classes' CloudStackAgent '$cloud/cloudstack' <'$here/cloudstack.xml' >'$work/cloudstack.xml'"
    ok "CloudStack: what it returns is under SIM" under_sim "$work/cloudstack.xml"
    ok "CloudStack: all else is as it was" same_rest "$here/cloudstack.xml" "$work/cloudstack.xml"
    ok "CloudStack: a VM that SIM can't serve is an exception" sh -c "sed \"s/type='kvm'/type='lxc'/\" '$here/cloudstack.xml' | { ! java -cp '$groovy:$work/classes' CloudStackAgent '$cloud/cloudstack'; }"
fi

# --- nova ----------------------------------------------------------------------------------------------------------------
ok "nova: a flavor's extra specs are settings" sh -c "'$VIRT_SIM' transform '$here/nova.xml' >'$work/nova.xml'"
ok "nova: which bring the domain under SIM" grep -q "<emulator>$launcher</emulator>" "$work/nova.xml"
ok "nova: all else is as it was" same_rest "$here/nova.xml" "$work/nova.xml"
sed 's/sim:required/hw:required/; s/sim:monitors/hw:monitors/' "$here/nova.xml" >"$work/plain.xml"
ok "nova: a flavor that wants nothing leaves the domain as it is" sh -c "'$VIRT_SIM' transform '$work/plain.xml' | cmp - '$work/plain.xml'"
exit $failed
