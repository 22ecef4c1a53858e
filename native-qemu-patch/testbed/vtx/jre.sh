#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# jre.sh: `java` of the emulated machine, at /usr/local/bin/java there. An emulated CPU runs so slowly that a start of
# Java's counts: classes come from an archive (host-layer.sh makes it) and are compiled once, and not optimized.
#
# The archive is good for one class path only, and what `lib/*` means is for the file system to say: the jars are named.
# SIM_RECORD_CLASSES=FILE writes such an archive when the program ends.
jre=$(dirname "$0")/../lib/jre
archive="-XX:SharedArchiveFile=$jre/lib/sim.jsa"
[ -z "${SIM_RECORD_CLASSES:-}" ] || archive="-XX:ArchiveClassesAtExit=$SIM_RECORD_CLASSES"
for argument in "$@"; do
    shift
    case $argument in
        */lib/\*)
            jars=
            for jar in "${argument%\*}"*.jar; do jars=$jars${jars:+:}$jar; done
            argument=$jars
            ;;
    esac
    set -- "$@" "$argument"
done
exec "$jre/bin/java" "$archive" -Xshare:auto -XX:TieredStopAtLevel=1 "$@"
