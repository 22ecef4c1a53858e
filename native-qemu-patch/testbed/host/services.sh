# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# services.sh: for sourcing as root, after progress.sh, on a test host whose files nobody else needs: private-host.sh's, or
# the emulated machine of ../vtx. libvirtd without D-Bus and cgroups, and sim-manager; SIM is installed already.
#
#   $SIM_HOST                          a folder for what the host makes itself: set before
#   $HOST_LOGS                         where logs go: set before
#   configure_libvirt                  users, folders and settings of a libvirtd that is this host's own
#   start_libvirtd                     and wait until it answers, $SIM_PATIENCE seconds (60) at most
#   start_manager                      likewise

configure_libvirt() {
    # Debian 12 makes these with libvirt's services, which a test host can do without; libvirtd insists on them.
    getent group kvm >/dev/null || groupadd --system kvm
    getent group libvirt >/dev/null || groupadd --system libvirt
    getent passwd libvirt-qemu >/dev/null ||
        useradd --system --user-group --groups kvm --no-create-home --shell /usr/sbin/nologin libvirt-qemu
    rm -rf /var/{lib,cache,log}/libvirt /etc/libvirt/qemu
    mkdir -p /run/libvirt /etc/libvirt /var/{lib,cache,log}/libvirt/qemu
    ln -sfn /var/log/libvirt/qemu "$HOST_LOGS/qemu"
    cat >/etc/libvirt/qemu.conf <<'END'
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
security_default_confined = 0
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
END
    cat >/etc/libvirt/libvirtd.conf <<END
auth_unix_rw = "none"
auth_unix_ro = "none"
unix_sock_group = "root"
log_outputs = "2:file:$HOST_LOGS/libvirtd.log"
host_uuid = "$(cat /proc/sys/kernel/random/uuid)"
END
    # The hooks of the machine's own domains have no business here.
    if [ -d /etc/libvirt/hooks ]; then
        find /etc/libvirt/hooks -type f ! -name 50-sim -delete
    fi
    cat >/etc/sim-manager/conf.d/test-host.conf <<'END'
qemu.user = root
qemu.group = root
END
}

# wait_for SECONDS COMMAND…: waits until COMMAND succeeds
wait_for() {
    local until=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $until ] || return 1
        sleep "${SIM_POLL:-0.1}"
    done
}

start_libvirtd() {
    # A copy: an AppArmor profile for the machine's own libvirtd goes by its path.
    cp /usr/sbin/libvirtd "$SIM_HOST/libvirtd"
    "$SIM_HOST/libvirtd" --pid-file /run/libvirt/libvirtd.pid >>"$HOST_LOGS/libvirtd.out" 2>&1 &
    wait_for "${SIM_PATIENCE:-60}" virsh -q -c qemu:///system list ||
        { tail -n 20 "$HOST_LOGS"/libvirtd.* >&2; fail "libvirtd does not answer"; }
}

start_manager() {
    # As a service begins, whatever this shell was told to ignore.
    env --default-signal=HUP /usr/sbin/sim-manager >>"$HOST_LOGS/sim-manager.log" 2>&1 &
    # A look at the socket costs nothing; whoever asks too early takes the time of the one that it waits for.
    _manager_answers() { [ -S /run/sim-manager/sim-manager.sock ] && "$(dirname "${BASH_SOURCE[0]}")/ask.pl" list; }
    wait_for "${SIM_PATIENCE:-60}" _manager_answers ||
        { tail -n 20 "$HOST_LOGS/sim-manager.log" >&2; fail "sim-manager does not answer"; }
}
