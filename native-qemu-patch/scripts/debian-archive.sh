# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# debian-archive.sh: for sourcing, after progress.sh. Reads a Debian suite through a private apt
# configuration in the cache; of the machine's own only the mirrors are taken, and nothing in it is changed.
#
#   archive_update SUITE               fetch the suite's package lists (once a day)
#   archive_apt SUITE COMMAND...       run apt-get or apt-cache for that suite
#   archive_unpack SUITE DIR PACKAGE…  download binary packages and unpack them into DIR
#
# SUITE is a name as bookworm; bookworm-i386 is the same suite's packages for 32 bits.
# SIM_DEBIAN_MIRROR and SIM_DEBIAN_SECURITY_MIRROR name other mirrors than the machine's.

# The first of the machine's own package sources whose address ends in /$1/.
machines_mirror() {
    # shellcheck disable=SC2016 # apt's own format
    apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | sed -n "s|^\(.*/$1\)/*\$|\1|p" | sed -n 1p || true
}

DEBIAN_MIRROR=${SIM_DEBIAN_MIRROR:-$(machines_mirror debian)}
[ -n "$DEBIAN_MIRROR" ] || fail "apt knows no Debian mirror on this machine: set SIM_DEBIAN_MIRROR to the address of one"
DEBIAN_SECURITY_MIRROR=${SIM_DEBIAN_SECURITY_MIRROR:-$(machines_mirror debian-security)}
DEBIAN_SECURITY_MIRROR=${DEBIAN_SECURITY_MIRROR:-$DEBIAN_MIRROR-security}
DEBIAN_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

archive_apt() {
    local dir="$CACHE/apt/$1" command=$2 architecture=amd64
    [[ $1 != *-i386 ]] || architecture=i386
    shift 2
    # Run as the caller (not as _apt, which cannot read a home folder), and with none of the machine's
    # sources, pins or hooks; proxies and certificates of the machine stay in force.
    "$command" -o Dir::Etc::SourceList="$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
        -o Dir::State="$dir/state" -o Dir::State::Lists="$dir/lists" -o Dir::State::status="$dir/status" \
        -o Dir::Cache="$dir/cache" -o Dir::Log="$dir/log" -o APT::Sandbox::User="$(id -un)" \
        -o APT::Architecture=$architecture -o APT::Architectures=$architecture \
        -o APT::Update::Post-Invoke= -o APT::Update::Post-Invoke-Success= -o DPkg::Post-Invoke= \
        -o Acquire::Languages=none -o Acquire::Retries=3 -o Debug::NoLocking=1 "$@"
}

archive_update() {
    local suite=${1%-i386} dir="$CACHE/apt/$1" by="signed-by=$DEBIAN_KEYRING"
    [ -r "$DEBIAN_KEYRING" ] || fail "no $DEBIAN_KEYRING: install the package debian-archive-keyring"
    mkdir -p "$dir"/{state,lists/partial,cache/archives/partial,log}
    : >>"$dir/status"
    {
        printf '%s [%s] %s %s main\n' deb "$by" "$DEBIAN_MIRROR" "$suite" deb-src "$by" "$DEBIAN_MIRROR" "$suite"
        if [ "$suite" != sid ]; then
            printf '%s [%s] %s %s main\n' deb "$by" "$DEBIAN_SECURITY_MIRROR" "$suite-security" \
                deb-src "$by" "$DEBIAN_SECURITY_MIRROR" "$suite-security"
        fi
    } >"$dir/sources.list.new"
    if cmp -s "$dir/sources.list.new" "$dir/sources.list" && [ -n "$(find "$dir/updated" -mmin -1440 2>/dev/null)" ]; then
        return 0
    fi
    mv "$dir/sources.list.new" "$dir/sources.list"
    step "Reading the package lists of Debian $suite" archive_apt "$1" apt-get -q update || return 1
    touch "$dir/updated"
}

archive_unpack() {
    local suite=$1 into=$2 debs
    shift 2
    mkdir -p "$into"
    into=$(realpath "$into")
    debs=$(mktemp -d "$CACHE/apt/$suite/debs.XXXXXX") || return 1
    if ! (cd "$debs" && archive_apt "$suite" apt-get -q download "$@"); then
        rm -rf "$debs"
        return 1
    fi
    local deb
    for deb in "$debs"/*.deb; do
        dpkg-deb -x "$deb" "$into" || { rm -rf "$debs"; return 1; }
    done
    rm -rf "$debs"
}
