# SPDX-License-Identifier: GPL-2.0-or-later
"""Pieces of machine code that attacks are made of, and what all attacks do with them."""
import struct

from machine import ATTACK, BACK, BACK_2, CODE, CODE_2, MARKER, PAGE, PRESENT, STOP, USER, hostile

VMFUNC = b"\x0f\x01\xd4"
INTO = b"\x31\xc0\xb9\x01\0\0\0"                       # xor %eax,%eax; mov $1,%ecx
OUT = b"\x31\xc0\x31\xc9" + VMFUNC                     # and back
GO_BACK = b"\xff\x25\0\0\0\0" + struct.pack("<Q", BACK)
GO_BACK_2 = b"\xff\x25\0\0\0\0" + struct.pack("<Q", BACK_2)
MARK = b"\xc6\x04\x25" + struct.pack("<I", MARKER) + b"\x01"
# What code that runs in the SIM view does: it comes back, and only then leaves its mark. A write of
# guest RAM is itself a violation there (R10), so it would look as if it had been stopped before.
COME_BACK = OUT + MARK + GO_BACK
LAUNCHER, SWAPPED, SECOND = 0x10, 0x11, 0x18           # pages of the attacker's addresses
LAPIC = 0xFEE00000
TO_FIRST, TO_OTHERS, TO_SELF = 0x00000, 0xC0000, 0x40000  # whom an interrupt command is for; the first: by its number, 0
FIXED, SMI, NMI, INIT, STARTUP = 0x4040, 0x4200, 0x4400, 0x4500, 0x4602


def u32(value):
    return struct.pack("<I", value & 0xFFFFFFFF)


def u64(value):
    return struct.pack("<Q", value % (1 << 64))


def at(offset, code, fill=b"\x90"):
    return fill * offset + code


def read_to_rdi(address):
    """movabs (address), %rax; mov %rax, %rdi"""
    return b"\x48\xa1" + u64(address) + b"\x48\x89\xc7"


def to_rax(value):
    return b"\x48\xb8" + u64(value)


def write32(address, value):
    return to_rax(address) + b"\xc7\x00" + u32(value)


def write64(address, value):
    """Destroys rax and rcx."""
    return b"\x48\xb9" + u64(value) + to_rax(address) + b"\x48\x89\x08"


def output(port, value, size):
    """Destroys rax and rdx."""
    return b"\xba" + u32(port) + b"\xb8" + u32(value) + {1: b"\xee", 2: b"\x66\xef", 4: b"\xef"}[size]


def write_msr(number, value):
    return b"\xb9" + u32(number) + b"\xb8" + u32(value) + b"\xba" + u32(value >> 32) + b"\x0f\x30"


def configure(device, register, value, size=4):
    """PCI configuration: `device` is its slot on bus 0, and its function in the lower 3 bits."""
    return output(0xCF8, 1 << 31 | device << 8 | register & 0xFC, 4) + output(0xCFC + (register & 3), value, size)


def jump(address):
    return b"\xff\x25\0\0\0\0" + u64(address)


def jump_over(code, condition=b"\x74"):
    """`code`, unless the condition holds (je)."""
    return condition + bytes([len(code)]) + code


def until(code, end=b"\x80\x3c\x25" + struct.pack("<I", STOP) + b"\0"):
    """`code` again and again until STOP is set (cmpb $0, STOP)."""
    body = code + end
    return body + b"\x0f\x84" + struct.pack("<i", -len(body) - 6)


def page_to_attack(machine, index, physical, user=False, more=0):
    machine.attack_page(index, physical | PRESENT | (USER if user else 0) | more)


def program(machine, *pages):
    """Code of the first CPU's own, at the address that is returned."""
    for i in range(len(pages)):
        page_to_attack(machine, LAUNCHER + i, CODE + i * PAGE)
    machine.code(*pages)
    return ATTACK + LAUNCHER * PAGE


def second_program(machine, code):
    """Code of the second CPU's own, that ends by GO_BACK_2."""
    page_to_attack(machine, SECOND, CODE_2)
    machine.code(code, second=True)
    return ATTACK + SECOND * PAGE


def hostile_registers(machine, generator):
    return {name: hostile(machine, generator) for name in (
        "rax", "rcx", "rdx", "rbx", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15")}
