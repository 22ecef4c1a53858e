# SPDX-License-Identifier: GPL-2.0-or-later
"""Attacks by a CPU that is plugged in when all the others are pinned (A32)."""
import struct

from assembly import GO_BACK, LAPIC, program, u32, write32
from entries import MSRS
from machine import MARKER, Outcome

PLUGGED = 0x90000  # where it begins, in real mode
MARK_16 = b"\xc6\x06" + struct.pack("<H", MARKER) + b"\x01\xf4\xeb\xfd"  # movb; hlt; jmp
SPARE_CPU = ("-smp", "1,sockets=2,maxcpus=2")


def toggle_16(number, bit):
    """In real mode: sets a bit of a control register, and clears it."""
    read, write = b"\x0f\x20" + bytes([0xC0 | number << 3]), b"\x0f\x22" + bytes(
        [0xC0 | number << 3]
    )
    return read + b"\x66\x0d" + u32(1 << bit) + write + b"\x66\x25" + u32(~(1 << bit)) + write


def efer_16(bit):
    read = b"\x66\xb9" + u32(0xC0000080) + b"\x0f\x32"
    return (
        read
        + b"\x66\x0d"
        + u32(1 << bit)
        + b"\x0f\x30"
        + b"\x66\x25"
        + u32(~(1 << bit))
        + b"\x0f\x30"
    )


def write_msr_16(number, value):
    return b"\x66\xb9" + u32(number) + b"\x66\xb8" + u32(value) + b"\x66\x31\xd2\x0f\x30"


def plugged(machine, code):
    """A CPU is plugged in, and what it begins with is the attacker's. Gained, if that ends."""
    if machine.skipping:
        return Outcome("skipped")
    machine.restart()
    machine.ram[PLUGGED : PLUGGED + 256] = (code + MARK_16).ljust(256, b"\xf4")
    machine.command(
        "device_add",
        driver="max-x86_64-cpu",
        id="second",
        **{"socket-id": 1, "core-id": 0, "thread-id": 0}
    )
    wait = b"\x80\x3c\x25" + u32(MARKER) + b"\0\x74\xf6"  # cmpb; je
    start = write32(LAPIC + 0x300, 0xC4500) + write32(LAPIC + 0x300, 0xC4600 | PLUGGED >> 12)
    machine.stack()
    outcome = machine.run(program(machine, start + wait + GO_BACK), seconds=10)
    if machine.get(MARKER):
        outcome.gained = "a CPU that was plugged in is not pinned"
    return outcome


def a32(machine):
    for number, bit in ((0, 16), (4, 5), (4, 20), (4, 21)):  # WP, PAE, SMEP, SMAP
        yield plugged(machine, toggle_16(number, bit))
    for bit in (8, 11):  # LME, NXE
        yield plugged(machine, efer_16(bit))
    for name, number in MSRS.items():
        if name == "SYSENTER_ESP":  # each CPU's own: pinned with its first value
            yield plugged(machine, write_msr_16(number, 8) + write_msr_16(number, 16))
        else:
            yield plugged(machine, write_msr_16(number, 8))
    # the views are shown to it, and their rules hold
    yield plugged(machine, b"\x66\x31\xc0\x66\xb9" + u32(1) + b"\x0f\x01\xd4")


def unpinned(machine):
    """For the control: a machine that is not sealed."""
    return plugged(machine, toggle_16(0, 16))
