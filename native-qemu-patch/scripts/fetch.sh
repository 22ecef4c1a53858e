#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fetch.sh: puts the unpatched QEMU source into the cache, as a git repository with one commit (tag
# `upstream`), and prints its folder. Which version: upstream.env; the newest that the archive serves.
#
#   fetch.sh [--newest]     --newest asks the archive again although a source of the series is in the cache
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/progress.sh
. "$here/progress.sh"
# shellcheck source=SCRIPTDIR/debian-archive.sh
. "$here/debian-archive.sh"
# shellcheck source=SCRIPTDIR/../upstream.env
. "$here/../upstream.env"

mkdir -p "$CACHE/src"
exec 9>"$CACHE/src/lock"
flock 9

cached() { find "$CACHE/src" -maxdepth 1 -name "qemu-$QEMU_SERIES.*" -type d | sort -V | tail -n 1; }

if [ "${1:-}" != --newest ] && [ -n "$(cached)" ]; then
    cached
    exit 0
fi

# The index lists versions whose files are gone: take the newest that really comes.
download() { (cd "$1" && archive_apt "$QEMU_SUITE" apt-get -q source --download-only "qemu=$2"); }

unpack() {
    dpkg-source --no-check -x "$1"/*.dsc "$1/tree" &&
        rm -rf "$1/tree/.pc" &&
        git -C "$1/tree" -c init.defaultBranch=main init -q &&
        git -C "$1/tree" config gc.auto 0 &&
        git -C "$1/tree" add -A -f &&
        git -C "$1/tree" -c user.name=upstream -c user.email=upstream@localhost commit -q -m "QEMU $2" &&
        git -C "$1/tree" tag upstream
}

archive_update "$QEMU_SUITE" || fail "the package lists of $DEBIAN_MIRROR cannot be read: check the network, or set SIM_DEBIAN_MIRROR"
versions=$(archive_apt "$QEMU_SUITE" apt-cache showsrc --only-source qemu | sed -n 's/^Version: //p' |
    grep -E "^([0-9]+:)?${QEMU_SERIES//./\\.}\." | sort -uVr) || true
[ -n "$versions" ] || fail "Debian $QEMU_SUITE has no QEMU $QEMU_SERIES any more: the series in qemu/ needs a newer upstream.env"
for version in $versions; do
    plain=${version#*:}
    plain=${plain%%[+-]*}
    tree="$CACHE/src/qemu-$plain"
    if [ ! -d "$tree" ]; then
        work=$(mktemp -d "$CACHE/src/fetch.XXXXXX")
        if ! step "Downloading the source of QEMU $plain" download "$work" "$version"; then
            say "  QEMU $plain is listed but not served; trying the next"
            rm -rf "$work"
            continue
        fi
        step "Unpacking QEMU $plain" unpack "$work" "$plain" || { rm -rf "$work"; exit 1; }
        mv "$work/tree" "$tree"
        rm -rf "$work"
    fi
    echo "$tree"
    exit 0
done
fail "none of the QEMU $QEMU_SERIES versions that Debian $QEMU_SUITE lists could be downloaded"
