#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# private-host.sh COMMAND [ARGUMENT…]: runs COMMAND on a "host" of its own: the machine's files, seen through
# overlays that only this host writes, with SIM installed in them as packaging/install.sh installs it, a libvirtd and
# a sim-manager that only this host knows. It lives in mount, network and process namespaces: when COMMAND ends,
# every process in it ends and everything it wrote is gone, but for the checkout and the cache. /dev/kvm is out of
# sight, so libvirt finds software emulation and nothing else.
#
# It becomes root through sudo. SIM_QEMU_BUILD names the folder of the built QEMU. COMMAND finds
#   virsh, virt-sim                    as on any host
#   $HOST_LOGS                         logs of libvirtd, sim-manager and the domains' QEMU
#   $SIM_HOST                          a folder for what it makes itself
# PRIVATE_HOST_MANAGER=no leaves the manager to COMMAND, PRIVATE_HOST_LIBVIRT=no libvirtd too. The logs are
# copied to the folder PRIVATE_HOST_KEEP_LOGS if it is set.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
# shellcheck source=SCRIPTDIR/../../scripts/progress.sh
. "$here/../../scripts/progress.sh"
# shellcheck source=SCRIPTDIR/../../scripts/root.sh
. "$here/../../scripts/root.sh"
# shellcheck source=SCRIPTDIR/services.sh
. "$here/services.sh"

if [ "${1:-}" != --inside ]; then
    [ $# -gt 0 ] || fail "which command?"
    as_root "$0" "$@"
    export SIM_CACHE_DIR=$CACHE
    exec unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private "$0" --inside "$@"
fi
shift

export SIM_HOST=/run/sim-host HOST_LOGS=/run/sim-host/log
# A PATH as a service has it (what a hook prints, libvirt shows with it), but the caller's own Java.
SIM_JAVA=$(command -v java) || fail "there is no java"
export SIM_JAVA PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# Libraries and settings of the caller's own must not reach what a host's services run with.
unset LD_LIBRARY_PATH JAVA_TOOL_OPTIONS _JAVA_OPTIONS LIBVIRT_DEFAULT_URI XDG_RUNTIME_DIR XDG_CONFIG_HOME

private_mounts() {
    local folder node
    mount -t tmpfs -o mode=755 run /run
    mkdir -p "$SIM_HOST"/{keep,dev,log,upper,work} /run/lock
    # Overlays hide what is mounted below; keep hold of what COMMAND shall see and write as it is.
    mkdir "$SIM_HOST/keep/top" "$SIM_HOST/keep/cache"
    mount --bind "$top" "$SIM_HOST/keep/top"
    mount --bind "$CACHE" "$SIM_HOST/keep/cache"
    for folder in etc usr var; do
        mkdir "$SIM_HOST/upper/$folder" "$SIM_HOST/work/$folder"
        mount -t overlay -o "lowerdir=/$folder,upperdir=$SIM_HOST/upper/$folder,workdir=$SIM_HOST/work/$folder" private "/$folder" ||
            fail "this kernel mounts no overlay on /$folder"
    done
    [ -d "$top" ] || mkdir -p "$top"
    [ -d "$CACHE" ] || mkdir -p "$CACHE"
    mount --bind "$SIM_HOST/keep/top" "$top"
    mount --bind "$SIM_HOST/keep/cache" "$CACHE"

    mount -t tmpfs -o mode=755 dev "$SIM_HOST/dev"
    for node in null zero full random urandom tty; do
        : >"$SIM_HOST/dev/$node"
        mount --bind "/dev/$node" "$SIM_HOST/dev/$node"
    done
    mkdir "$SIM_HOST"/dev/{pts,shm}
    mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$SIM_HOST/dev/pts"
    mount -t tmpfs shm "$SIM_HOST/dev/shm"
    ln -s pts/ptmx "$SIM_HOST/dev/ptmx"
    ln -s /proc/self/fd "$SIM_HOST/dev/fd"
    ln -s /proc/self/fd/0 "$SIM_HOST/dev/stdin"
    ln -s /proc/self/fd/1 "$SIM_HOST/dev/stdout"
    ln -s /proc/self/fd/2 "$SIM_HOST/dev/stderr"
    mount --move "$SIM_HOST/dev" /dev
    ip link set lo up 2>/dev/null || true
}

install_sim() {
    QEMU_BUILD=${SIM_QEMU_BUILD:?} "$top/packaging/install.sh" / >"$HOST_LOGS/install.log" 2>&1 ||
        { cat "$HOST_LOGS/install.log" >&2; fail "SIM could not be installed"; }
}

private_mounts
install_sim
configure_libvirt
export LIBVIRT_DEFAULT_URI=qemu:///system
[ "${PRIVATE_HOST_LIBVIRT:-yes}" = no ] || start_libvirtd
[ "${PRIVATE_HOST_MANAGER:-yes}" = no ] || start_manager
status=0
"$@" || status=$?
# Whatever failed is explained by these; they would be gone with the host.
if [ -n "${PRIVATE_HOST_KEEP_LOGS:-}" ]; then
    rm -rf "$PRIVATE_HOST_KEEP_LOGS"
    mkdir -p "$PRIVATE_HOST_KEEP_LOGS"
    cp -rL "$HOST_LOGS/." "$PRIVATE_HOST_KEEP_LOGS/" 2>/dev/null || true
fi
give_back "$top/target"
give_back "$CACHE"
exit $status
