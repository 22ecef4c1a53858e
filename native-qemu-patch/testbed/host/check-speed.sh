# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# check-speed.sh: for sourcing, after domain.sh: how fast the manager checks a guest.
#
#   check_speed NAME [CHECK]   of all checks together, or of one, the median of 20 rounds after 20 that warm up, beside a read of as many
#                              bytes from where the kernel's text lies, by dd, 1 MiB a call: the median of 9. As JSON:
#                              {"bytes", "ms", "gbps", "plain_gbps", "share", "findings"}

_middle() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

check_speed() {
    local ask request check qemu ram text mebibytes round plain
    ask=$(dirname "${BASH_SOURCE[0]}")/ask.pl
    request=("$ask" check "$1")
    for round in {1..40}; do
        if [ "$round" -le 20 ]; then "${request[@]}" >/dev/null; else "${request[@]}"; fi
    done >"$SIM_HOST/checks" || return 1
    check=$(jq -s --arg only "${2:-}" 'map(select(.results))
        | map(if $only == "" then {bytes, ms, findings: ([.results[].findings[]] | length)}
              else .results[] | select(.check == $only) | {bytes, ms, findings: (.findings | length)} end)
        | {bytes: .[0].bytes, ms: (map(.ms) | sort | .[length / 2 | floor]), findings: (map(.findings) | add)}' "$SIM_HOST/checks")
    qemu=$("$ask" status "$1" | jq -r 'select(.device) | .device.pid')
    ram=$(find "/proc/$qemu/fd" -lname '*memfd:*memory-backend-memfd*' | head -n 1)
    text=$(guest "$1" 30 'cat /proc/iomem' | sed -n 's/^ *\([0-9a-f]*\)-[0-9a-f]* : Kernel code.*$/\1/p')
    mebibytes=$(jq '.bytes / 1048576 | ceil' <<<"$check")
    plain=$(for _ in {1..9}; do
        LC_ALL=C dd if="$ram" of=/dev/null bs=1M skip=$((0x$text / 1048576)) count="$mebibytes" 2>&1 | sed -n 's/.* copied, \([0-9.e-]*\) s.*/\1/p'
    done | _middle)
    jq -c --argjson plain "$plain" --argjson mebibytes "$mebibytes" '. + {gbps: (.bytes / .ms / 1e6), plain_gbps: ($mebibytes * 1048576 / $plain / 1e9)}
        | . + {share: (.gbps / .plain_gbps)} | (.gbps, .plain_gbps, .share) |= (. * 1000 | round / 1000)' <<<"$check"
}
