# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# findings.sh: for sourcing after domain.sh. What SIM found in a domain, and where in the guest's kernel things are.
#
#   found NAME CLASS ABOUT            texts of the findings of that class that match
#   more NAME CLASS ABOUT COUNT       whether there are more than COUNT
#   violations_of NAME KIND           texts of the violations of that kind
#   count NAME                        number of findings
#   next_round NAME                   waits until a scheduled round has begun after now, and ended
#   address_of SYMBOL, behind SYMBOL BYTES    for a command in the guest: an address, as a number that insmod takes

found() { virt-sim findings "$1" -o json | jq -r --arg class "$2" --arg about "$3" 'select(.class == $class and (.text | test($about))) | .text'; }
count() { virt-sim status "$1" -o json | jq '.findings'; }
more() { [ "$(found "$1" "$2" "$3" | wc -l)" -gt "$4" ]; }
started() { virt-sim status "$1" -o json | jq -r '.lastCheck.started // ""'; }
later() { [ "$(started "$1")" \> "$2" ]; }

next_round() {
    local now
    now=$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)
    wait_until 60 later "$1" "$now"
}

address_of() { # in the guest: the address of a kernel symbol, as a number that insmod takes
    printf '%s\n' "0x\$(sed -n 's/^\\([0-9a-f]*\\) [a-zA-Z] $1\\([[:space:]].*\\)\\{0,1\\}\$/\\1/p' /proc/kallsyms | head -n 1)"
}

behind() { # likewise, and a number of bytes behind it; the shell's numbers are signed, insmod's are not
    printf '%s\n' "\$(printf 0x%x \$(($(address_of "$1") + $2)))"
}

violations_of() { virt-sim violations "$1" -o json | jq -r --arg kind "$2" 'select(.kind == $kind) | .text'; }
