# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# attacks.sh: for sourcing, after domain.sh: what the rootkit can be told to do to a guest's kernel, and what a check must say then.
#
#   address_of SYMBOL        text for the guest's shell: the address of a kernel symbol, as a number that insmod takes
#   behind SYMBOL BYTES      likewise, and a number of bytes behind it
#   attack_of KIND [PID]     sets $class, $about (a pattern of the finding's text) and $parameters (of the module)
#   $kallsyms                the guest's file in which addresses are looked up: all of them, if not set; they take a minute in ../vtx's machine
#   attack_kinds             the kinds; those that need the PID of a process of the guest's come last

address_of() { printf '%s\n' "0x\$(sed -n 's/^\\([0-9a-f]*\\) [a-zA-Z] $1\\([[:space:]].*\\)\\{0,1\\}\$/\\1/p' ${kallsyms:-/proc/kallsyms} | head -n 1)"; }
# Shells differ in what they make of numbers beyond 63 bits; all of the kernel's own lies in the topmost 2 GiB.
behind() { printf '%s\n' "\$(printf 0xffffffff%x \$((0x\$(sed -n 's/^ffffffff\\([0-9a-f]*\\) [a-zA-Z] $1\\([[:space:]].*\\)\\{0,1\\}\$/\\1/p' ${kallsyms:-/proc/kallsyms} | head -n 1) + $2)))"; }

# shellcheck disable=SC2034 # for who sources this
attack_kinds=(systemCall interrupt text filter hide tables)
# shellcheck disable=SC2034
attack_of() {
    case $1 in
        systemCall) class=systemCalls about='sys_call_table\[39\]' parameters="pointer=$(behind sys_call_table "39 * 8")" ;;
        interrupt) class=interruptTable about='idt_table\[9\]' parameters="gate=$(behind idt_table "9 * 16")" ;;
        # Behind ENDBR64 and what ftrace writes, or else it finds its NOP damaged and ends itself.
        text) class=kernelText about='orderly_poweroff' parameters="patch=$(behind orderly_poweroff 16)" ;;
        filter) class=callTargets about='ipv4 filter' parameters=filter=1 ;;
        hide) class=tasks about="pid $2" parameters="hide=$2" ;;
        tables) class=gateMapping about="pid $2" parameters="private_tables=$2" ;;
    esac
}
