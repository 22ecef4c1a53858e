#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# requirements.sh [KIND…]: installs the Debian packages that are missing for KIND, and nothing if none is. KINDs:
#
#   build    what QEMU, the monitors, the launcher, the hook and the manager are built with
#   run      what a test host needs: libvirt's daemon and client (no service is started), firmware, tools
#   test     what only `./dev test` needs
#   lint     what `./dev test lint` needs besides `build`
#   vtx      what `./dev vtx` needs besides `build` and `run`
#
# It asks for root through sudo, and changes no apt configuration.
set -euo pipefail
# shellcheck source=SCRIPTDIR/../native-qemu-patch/scripts/progress.sh
. "$(cd "$(dirname "$0")" && pwd)/../native-qemu-patch/scripts/progress.sh"

build=(
    build-essential dpkg-dev pkg-config git ccache xz-utils cpio file ca-certificates
    ninja-build meson python3-venv python3-distlib flex bison
    libglib2.0-dev zlib1g-dev libseccomp-dev libfdt-dev libpixman-1-dev libslirp-dev libaio-dev
    debian-archive-keyring make bc
)
run=(
    libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients libvirt0
    seabios qemu-system-data ipxe-qemu
    busybox-static kmod util-linux iproute2 procps jq debootstrap e2fsprogs
)
# groovy: CloudStack's hook is one. prometheus: its real scraper and promtool judge the metrics; no service is started.
# syslinux, mtools: a guest that boots from its disk.
test=(perl zstd prometheus groff-base groovy syslinux mtools)
lint=(shellcheck python3-pyflakes pycodestyle clang-format-19 git jq)
vtx=(xorriso busybox-static libelf-dev)

command -v apt-get >/dev/null ||
    fail "this is no Debian. Install by hand what stands for: ${build[*]} ${run[*]}; a JDK of 17 or newer and Maven"

wanted=()
for kind in "$@"; do
    case $kind in
        build)
            wanted+=("${build[@]}")
            # Whoever has a JDK or a Maven of his own keeps it.
            javac=$(javac -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p' || true)
            [ "${javac:-0}" -ge 17 ] || wanted+=(default-jdk-headless)
            command -v mvn >/dev/null || wanted+=(maven)
            ;;
        run) wanted+=("${run[@]}") ;;
        test) wanted+=("${test[@]}") ;;
        lint) wanted+=("${lint[@]}") ;;
        vtx) wanted+=("${vtx[@]}") ;;
        *) fail "unknown kind '$kind'; choose from build, run, test, lint, vtx" ;;
    esac
done

installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "${wanted[@]}" 2>/dev/null | sed -n 's/^ii *//p' | sort -u || true)
missing=()
for package in "${wanted[@]}"; do
    grep -qxF "$package" <<<"$installed" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
        fail "packages are missing, and without sudo they cannot be installed. As root: apt-get install ${missing[*]}"
    as_root=(sudo)
    sudo -v || fail "as root: apt-get install ${missing[*]}"
fi
apt_get() { ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"; }
say "Missing on this machine: ${missing[*]}"
step "Reading package lists" apt_get update || say "  going on with the lists that are there"
# libvirt's packages would start its daemon; this machine's services are left as they are.
install_quietly() {
    local policy=/usr/sbin/policy-rc.d
    # shellcheck disable=SC2016 # for the inner shell
    ${as_root[@]+"${as_root[@]}"} sh -c '
        if [ ! -e "$1" ]; then
            trap "rm -f $1" EXIT
            printf "#!/bin/sh\nexit 101\n" >"$1" && chmod 755 "$1"
        fi
        shift
        DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
    ' sh "$policy" "${missing[@]}"
}
step "Installing ${#missing[@]} packages" install_quietly ||
    fail "as root, see what is wrong with: apt-get install ${missing[*]}"
