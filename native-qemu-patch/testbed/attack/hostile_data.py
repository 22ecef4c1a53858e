# SPDX-License-Identifier: GPL-2.0-or-later
"""
Attacks on a real monitor, that of system calls, by what it reads of the guest (A23): arguments, strings and lists without end, page tables that
point anywhere; and by more events than the ring holds. It may report what it likes, but not stop, take long, or read what is not guest RAM.
"""
import struct

from assembly import LAPIC
from machine import (
    AREA, ATTACK, BACK_2, CALLS, EVERY, KERNEL_ROOT, LARGE, PAGE, PRESENT, RAM_SIZE, REQUEST_2, STATE, WRITE, seeded)

PAGE_OFFSET = 0xFFFF888000000000
ARGUMENTS, TEXT_PAGE, LIST_PAGE = 0x760000, 0x761000, 0x762000
ENDLESS_TABLE = 0x763000
# Calls with a path, two paths, lists of arguments and of variables, addresses of sockets, parameters of modules; and some without texts.
NUMBERS = (2, 21, 42, 49, 59, 80, 82, 83, 86, 88, 161, 165, 175, 257, 264, 266, 313, 316, 322, 332, 0, 1, 39, 60, 231, 512, 547, 1023, 1024, 1 << 30 | 59,
           1 << 30 | 520, 1 << 31, (1 << 32) + 59, (1 << 64) - 1)
RECORD_TYPES = 32
SECONDS = 2.0                                          # of one call, on a busy machine; a call takes microseconds


def pointers(machine):
    """What the arguments are, by name."""
    machine.ram[TEXT_PAGE:TEXT_PAGE + PAGE] = b"A" * PAGE
    endless = ATTACK + (2 << 20)
    machine.put(0x212000 + 8, ENDLESS_TABLE | 7)       # 2 MiB of one page without a NUL
    machine.put(ENDLESS_TABLE, *[TEXT_PAGE | PRESENT | WRITE] * 512)
    lists = ATTACK + (6 << 20)
    machine.put(0x212000 + 24, ENDLESS_TABLE + PAGE | 7)
    machine.put(ENDLESS_TABLE + PAGE, *[LIST_PAGE | PRESENT | WRITE] * 512)
    machine.put(LIST_PAGE, *[(lists, endless, 0xFFFFFFFFFFFFFFF8, PAGE_OFFSET + RAM_SIZE - 3)[i % 4] for i in range(512)])
    hidden = [s["gpa"] for s in machine.hidden] + [machine.g1, machine.g1 + PAGE, AREA + 0x5000]
    for i, gpa in enumerate(hidden):
        machine.attack_page(0x40 + i, gpa | PRESENT | WRITE)
    # tables that are the region's, or their own
    machine.put(0x212000 + 32, hidden[0] | 7)
    machine.put(0x212000 + 40, 0x212000 | 7)
    machine.put(0x210000 + 8 * 8, AREA | LARGE | 3)     # 1 GiB each: the area, the end of RAM, all bits
    machine.put(0x210000 + 9 * 8, 0x000FFFFFC0000000 | LARGE | 3)
    machine.put(0x210000 + 10 * 8, 0xFFFFFFFFFFFFF001)
    # one table for all levels, endlessly
    machine.put(KERNEL_ROOT + 300 * 8, KERNEL_ROOT | 3)
    itself = 300 << 39 | 300 << 30 | 300 << 21 | 300 << 12 | 0xFFFF << 48
    named = [("endless text", endless + 5), ("endless text, its last byte", endless + (2 << 20) - 1), ("endless list", lists), ("list across a page", lists + PAGE - 4),
             ("its own tables", itself), ("looping directory", ATTACK + (10 << 20) + 0x1000), ("tables of the region", ATTACK + (8 << 20)),
             ("nothing", 0), ("the last byte", (1 << 64) - 1), ("the last word", (1 << 64) - 8), ("not canonical", 1 << 47), ("before the hole", (1 << 47) - 3),
             ("behind the hole", 0xFFFF800000000000), ("a device", LAPIC + 0x20), ("VGA's hole", 0xA0000 - 4), ("ROM", 0xFFFFFFF0),
             ("the end of RAM", PAGE_OFFSET + RAM_SIZE - 5), ("behind RAM", PAGE_OFFSET + RAM_SIZE), ("the area in the direct map", PAGE_OFFSET + AREA),
             ("a page of 1 GiB in the area", 8 << 30), ("a page of 1 GiB at the end", (9 << 30) + 77), ("an entry of ones", 10 << 30)]
    return named + [("hidden page %d" % i, ATTACK + (0x40 + i) * PAGE + 0x123) for i in range(len(hidden))]


def call(machine, number, arguments, count=1, entry="callStub", **more):
    registers = machine.calls(entry, count, arguments)
    registers["rsi"] = number
    machine.stack()
    return machine.run(CALLS, registers, **more)


def judge(machine, outcome, what):
    if outcome.kind == "stopped":
        outcome.gained = "%s stopped the guest" % what
    elif outcome.seconds > SECONDS:
        outcome.gained = "%s took %.1f s" % (what, outcome.seconds)
    else:
        outcome.gained = ring_wrong(machine)
    return outcome


class Ring:
    """The ring, as the manager's reader sees it; where it keeps its place is the reader's own memory."""

    def __init__(self, machine):
        segment = next(s for s in machine.layout["segments"] if s["name"] == "ring")
        self.machine, self.start, self.capacity = machine, segment["offset"], segment["size"] - PAGE
        self.wrong = None

    def word(self, offset):
        return struct.unpack_from("<Q", self.machine.region, self.start + offset)[0]

    def read(self, to_the_end=False):
        """Reads what is there, and gives the room back. `to_the_end`: nobody writes any more, so all must be whole."""
        head, tail = self.word(0), self.word(64)
        if head - tail > self.capacity:
            self.wrong = "the ring holds %d bytes of %d" % (head - tail, self.capacity)
        while tail < head and not self.wrong:
            at = self.start + PAGE + tail % self.capacity
            size, kind = struct.unpack_from("<IH", self.machine.region, at)
            if size == 0:
                if to_the_end:
                    self.wrong = "a record of the ring was never finished"
                break
            if size % 8 or size > self.capacity or tail % self.capacity + size > self.capacity or kind >= RECORD_TYPES:
                self.wrong = "a record of %d bytes and type %d in the ring" % (size, kind)
                break
            for value in struct.unpack_from("<%dQ" % (size // 8), self.machine.region, at):
                if value in self.machine.words:
                    self.wrong = "%#x of the monitor's in an event" % value
            self.machine.region[at:at + size] = bytes(size)
            tail += size
            struct.pack_into("<Q", self.machine.region, self.start + 64, tail)


def ring_wrong(machine):
    ring = Ring(machine)
    ring.read(to_the_end=True)
    return ring.wrong


def a23(machine):
    generator = seeded("a23")
    named = pointers(machine)
    regs = PAGE_OFFSET + ARGUMENTS
    for name, pointer in named:
        machine.put(ARGUMENTS, *[pointer] * 32)
        for number in NUMBERS:
            yield judge(machine, call(machine, number, regs), "%s, call %#x" % (name, number))
        # the registers themselves there
        yield judge(machine, call(machine, 59, pointer), "registers at %s" % name)
    machine.put(ARGUMENTS, *[named[0][1]] * 32)
    for number in range(600):
        yield judge(machine, call(machine, number, regs), "call %d" % number)
    for _ in range(600):
        machine.put(ARGUMENTS, *[generator.choice((generator.getrandbits(64), generator.choice(named)[1] + generator.randrange(-9, 9))) % (1 << 64)] * 32)
        number = generator.choice(NUMBERS)
        yield judge(machine, call(machine, number, regs), "a random argument, call %#x" % number)
    # the task that the gate page reads by GS
    for name, pointer in named:
        machine.put(EVERY + 0x20, pointer)
        yield judge(machine, call(machine, 39, regs, gs=EVERY), "a task at %s" % name)
    # more than the ring holds, from both CPUs; nobody reads, or someone does
    machine.put(ARGUMENTS, *[named[0][1]] * 32)
    for reading in (False, True, True):
        for number, count in ((59, 20), (257, 1000)):   # the first has a list of such texts
            registers = machine.calls("callStub", count, regs, BACK_2)
            registers["rsi"] = number
            ring = Ring(machine)
            machine.start_second(CALLS, registers)
            outcome = call(machine, number, regs, count, during=(lambda _: ring.read()) if reading else None, seconds=600)
            # A call in whose midst its stack is looked at would have it taken.
            if not machine.until(lambda: machine.dirty or machine.get(REQUEST_2 + STATE) != 1, 600):
                raise RuntimeError("the second CPU does not come to its end")
            outcome.seconds = 0
            judge(machine, outcome, "a flood")
            outcome.gained = outcome.gained or ring.wrong
            yield outcome


def beyond_ram(machine):
    """For the control of A23: a text in a page that the guest's tables say lies in the area."""
    named = dict(pointers(machine))
    machine.put(ARGUMENTS, *[named["hidden page 0"]] * 32)
    return call(machine, 257, PAGE_OFFSET + ARGUMENTS)
