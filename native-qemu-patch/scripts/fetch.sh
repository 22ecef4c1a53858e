#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fetch.sh: puts the unpatched source of PROJECT into the cache, as a git repository with one commit (tag
# `upstream`), and prints its folder. Which version: upstream.env; the newest that the archive serves.
#
#   fetch.sh [--newest] [PROJECT]
#       PROJECT is qemu (the default), linux or bochs (the emulated CPU of testbed/vtx).
#       --newest asks the archive again although a source of the series is in the cache.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/progress.sh
. "$here/progress.sh"
# shellcheck source=SCRIPTDIR/debian-archive.sh
. "$here/debian-archive.sh"
# shellcheck source=SCRIPTDIR/../upstream.env
. "$here/../upstream.env"

newest=
if [ "${1:-}" = --newest ]; then newest=yes; shift; fi
project=${1:-qemu}
case $project in
    qemu) name=QEMU series=$QEMU_SERIES suite=$QEMU_SUITE ;;
    linux) name=Linux series=$LINUX_SERIES suite=$LINUX_SUITE ;;
    bochs) name=Bochs series=$BOCHS_SERIES suite=$BOCHS_SUITE ;;
    *) fail "unknown project '$project'; choose from qemu, linux, bochs" ;;
esac

mkdir -p "$CACHE/src"
exec 9>"$CACHE/src/lock"
flock 9

cached() {
    find "$CACHE/src" -maxdepth 1 \( -name "$project-$series" -o -name "$project-$series.*" \) -type d | sort -V | tail -n 1
}

if [ -z "$newest" ] && [ -n "$(cached)" ]; then
    cached
    exit 0
fi

# Debian's kernel comes as a binary package that holds a tarball with Debian's own patches applied.
listed() {
    if [ "$project" = linux ]; then
        archive_apt "$suite" apt-cache show "linux-source-$series"
    else
        archive_apt "$suite" apt-cache showsrc --only-source "$project"
    fi | sed -n 's/^Version: //p' | grep -E "^([0-9]+:)?${series//./\\.}([.+~-]|$)" | sort -uVr
}

# The index lists versions whose files are gone: take the newest that really comes.
download() {
    if [ "$project" = linux ]; then
        (cd "$1" && archive_apt "$suite" apt-get -q download "linux-source-$series=$2")
    else
        # Sometimes the .dsc is gone and the tarballs, whose digests are in the index as well, are there.
        (cd "$1" && archive_apt "$suite" apt-get -q source --download-only "$project=$2") ||
            { [ "$project" = bochs ] && compgen -G "$1/*.orig.tar.*" >/dev/null; }
    fi
}

unpack_source() {
    mkdir "$1/tree" || return 1
    case $project in
        qemu)
            rmdir "$1/tree"
            dpkg-source --no-check -x "$1"/*.dsc "$1/tree" && rm -rf "$1/tree/.pc"
            ;;
        linux)
            dpkg-deb --fsys-tarfile "$1"/*.deb | tar -x -C "$1" --wildcards '*/linux-source-*.tar.*' &&
                tar -x -C "$1/tree" --strip-components=1 -f "$(find "$1/usr" -name 'linux-source-*.tar.*')"
            ;;
        bochs) tar -x -C "$1/tree" --strip-components=1 -f "$(find "$1" -name '*.orig.tar.*')" ;;
    esac
}

unpack() {
    unpack_source "$1" &&
        git -C "$1/tree" -c init.defaultBranch=main init -q &&
        git -C "$1/tree" config gc.auto 0 &&
        git -C "$1/tree" add -A -f &&
        git -C "$1/tree" -c user.name=upstream -c user.email=upstream@localhost commit -q -m "$name $2" &&
        git -C "$1/tree" tag upstream
}

archive_update "$suite" || fail "the package lists of $DEBIAN_MIRROR cannot be read: check the network, or set SIM_DEBIAN_MIRROR"
versions=$(listed) || true
[ -n "$versions" ] || fail "Debian $suite has no $name $series any more: the series in $project/ needs a newer upstream.env"
for version in $versions; do
    plain=${version#*:}
    plain=${plain%%[+-]*}
    tree="$CACHE/src/$project-$plain"
    if [ ! -d "$tree" ]; then
        work=$(mktemp -d "$CACHE/src/fetch.XXXXXX")
        if ! step "Downloading the source of $name $plain" download "$work" "$version"; then
            say "  $name $plain is listed but not served; trying the next"
            rm -rf "$work"
            continue
        fi
        step "Unpacking $name $plain" unpack "$work" "$plain" || { rm -rf "$work"; exit 1; }
        mv "$work/tree" "$tree"
        rm -rf "$work"
    fi
    echo "$tree"
    exit 0
done
fail "none of the $name $series versions that Debian $suite lists could be downloaded"
