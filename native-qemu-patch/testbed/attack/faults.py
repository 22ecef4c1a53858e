# SPDX-License-Identifier: GPL-2.0-or-later
"""
A28: faults of code in the SIM view that the CPU is to deliver through the attacker's IDT.

The attacker lands on an instruction of G2 that faults, with his own CR3, IDT, GDT, TSS and stack;
the handler is G2's own way out, which is executable there and leads back to the normal view. What
could be seen then: CR2, that holds an address of the monitor's, DR6, the error code, the frame.
Descriptor tables and stack lie in the topmost page table, which is in use in the SIM view anyway,
at an address that leads there by an entry for itself.
"""
import struct
from dataclasses import dataclass, field
from typing import Callable, Iterator, Mapping, Optional

from assembly import GO_BACK, INTO, LAUNCHER, SWAPPED, VMFUNC, at, page_to_attack, u32, u64
from attacks import inner_code_end, land
from machine import (
    ATTACK,
    CODE,
    CODE_32,
    CODE_64,
    Machine,
    OWN_ROOT,
    Outcome,
    PAGE,
    PRESENT,
    SET_BY_WALK,
    TABLE,
    USER,
    USER_64,
    USER_DATA,
    seeded,
)

ITSELF = 256  # the topmost table's entry for itself
LINEAR = 0xFFFF << 48 | ITSELF << 39 | ITSELF << 30 | ITSELF << 21 | ITSELF << 12
IDT, GDT, TSS, TOP = 0x100, 0x300, 0x380, 0x700  # of a page, between entries that are in use
KERNEL_GDT, GDT_SIZE, TSS_SELECTOR = 0xB000, 0x70, 0x60
POINTERS = 0x911000  # for LGDT and LIDT
ELSEWHERE = 0x910000  # a page that nothing in the SIM view uses
HANDLER = 0x50  # of the attacker's pages: G1, and G2 behind it
STACK_PAGE = 0x41
UNMAPPED = 0x123400000000  # nothing is there; the lower half is 0
NOT_CANONICAL = 1 << 63
# Where `ret` of the way out leads: a frame with error code has RFLAGS there (with RF, with AC), one
# without it the stack pointer.
LANDINGS = (0, 0x10000, 0x40000, 0x50000)
RSP = LANDINGS[1] + 0x800
DELIVERED = 0xDE11
ENTER = b"\xb8\0\0\0\0\xb9\1\0\0\0"  # as INTO, with the flags left alone
ENTER_HIGH = b"\x48\xb8" + u64(UNMAPPED) + b"\xb9\1\0\0\0"  # EAX is 0, RAX is not
REGISTERS = "rax rdx rbx rbp rsi rdi r8 r9 r10 r12 r13 r14 r15".split()
INTERRUPT_GATE, TRAP_GATE, TASK_GATE, ABSENT = 0x8E, 0x8F, 0x85, 0x0E
GATES_16_BIT = (0x86, 0x87)


def inner_page(machine: Machine) -> bytes:
    return machine.pristine[machine.inner_offset : machine.inner_offset + PAGE]


def to_touch(machine: Machine) -> int:
    """movabs $g2_stack_first, %rcx, right before lock btsl $0, (%rcx)"""
    return inner_page(machine).index(b"\xf0\x0f\xba\x29\x00") - 10


def way_out(machine: Machine) -> int:
    """Where G2 leaves, touching nothing: xor %eax, %eax; xor %ecx, %ecx; jmp g1_exit."""
    return ATTACK + (HANDLER + 1) * PAGE + inner_page(machine).index(b"\x31\xc0\x31\xc9\xe9")


def own_code(_: Machine) -> int:
    return ATTACK + LAUNCHER * PAGE


def exit_itself(machine: Machine) -> int:
    """VMFUNC of G1's page in the SIM view."""
    sim = machine.layout["segments"][1]["offset"]
    return ATTACK + HANDLER * PAGE + machine.pristine[sim : sim + PAGE].index(VMFUNC)


@dataclass(frozen=True)
class Delivery:
    """
    What the attacker wrote for the CPU: types of gates but for interrupt gates, where the handler
    is, and guest-physical addresses of the descriptor tables and the stack.
    """

    gates: Mapping[int, int] = field(default_factory=dict)
    handler: Callable[[Machine], int] = way_out
    page: int = OWN_ROOT
    stack: Optional[int] = None  # guest-physical; None: in the tables' page
    top: Optional[int] = None  # linear, instead
    limit: int = 32 * 16 - 1
    interrupt_stack: bool = True
    segment_accessed: bool = True
    tables_accessed: bool = True


def put_tables(machine: Machine, how: Delivery) -> int:
    """Returns the CR3 to use."""
    root = machine.own_tables()
    machine.put(root + ITSELF * 8, root | TABLE)
    base = LINEAR if how.page == root else how.page
    top = base + TOP if how.top is None else how.top
    if how.stack is not None:
        machine.attack_page(STACK_PAGE, how.stack | TABLE)
        top = ATTACK + STACK_PAGE * PAGE + 0x800
    page_to_attack(machine, HANDLER, machine.g1)
    page_to_attack(machine, HANDLER + 1, machine.g1 + PAGE)
    if not how.tables_accessed:
        machine.put(root + ITSELF * 8, (root | TABLE) & ~SET_BY_WALK)
        machine.attack_page(HANDLER + 1, (machine.g1 + PAGE | PRESENT) & ~SET_BY_WALK)
    handler = how.handler(machine)
    for vector in range(32):
        gate = how.interrupt_stack << 32 | how.gates.get(vector, INTERRUPT_GATE) << 40
        low = handler & 0xFFFF | CODE_64 << 16 | gate | (handler >> 16 & 0xFFFF) << 48
        machine.put(how.page + IDT + vector * 16, low, handler >> 32)
    gdt = how.page + GDT
    machine.ram[gdt:gdt + GDT_SIZE] = machine.ram[KERNEL_GDT:KERNEL_GDT + GDT_SIZE]
    machine.ram[gdt + CODE_64 + 5] = 0x9B if how.segment_accessed else 0x9A
    tss = (base + TSS) % (1 << 64)
    low = 103 | (tss & 0xFFFFFF) << 16 | 0x89 << 40 | (tss >> 24 & 0xFF) << 56
    machine.put(gdt + TSS_SELECTOR, low, tss >> 32)
    stacks = struct.pack("<4xQ24xQ", top % (1 << 64), top % (1 << 64))  # rsp0, ist1
    machine.ram[how.page + TSS:how.page + TSS + 104] = stacks.ljust(104, b"\0")
    for offset, limit, table in ((0, GDT_SIZE - 1, GDT), (16, how.limit, IDT)):
        pointer = struct.pack("<HQ", limit, (base + table) % (1 << 64))
        machine.ram[POINTERS + offset:POINTERS + offset + 10] = pointer
    arrived = b"\x41\xb9" + u32(DELIVERED) + GO_BACK  # mov $DELIVERED, %r9d
    for landing in LANDINGS:
        machine.ram[landing:landing + PAGE] = at(0xE00, arrived).ljust(PAGE, b"\xcc")
    machine.exposed.add((how.page, PAGE))
    return root


def load_tables(machine: Machine, how: Delivery, more: bytes) -> int:
    """Has the guest load them, and execute `more`; returns the CR3 to use."""
    root = put_tables(machine, how)
    page_to_attack(machine, LAUNCHER, CODE)
    load = b"\x0f\x01\x14\x25" + u32(POINTERS)  # lgdt
    load += b"\x0f\x01\x1c\x25" + u32(POINTERS + 16)  # lidt
    load += b"\xb8" + u32(TSS_SELECTOR) + b"\x0f\x00\xd8"  # ltr
    machine.code(load + more + GO_BACK)
    loaded = machine.run(ATTACK + LAUNCHER * PAGE, cr3=root)
    if loaded.kind != "returned":
        raise RuntimeError("descriptor tables were not loaded: %s" % loaded)
    return root


def seen(outcome: Outcome) -> Outcome:
    if outcome.kind == "returned" and outcome.registers["r9"] == DELIVERED:
        cr2 = outcome.registers["cr2"]
        outcome.gained = "a fault was delivered in the SIM view, CR2 is %#x" % cr2
    return outcome


def fault(machine: Machine, offset: int, how: Delivery = Delivery(), more: bytes = b"",
          registers: Optional[Mapping[str, int]] = None, **landing) -> Outcome:
    """Lands on that byte of G2, after the guest has executed `more`."""
    if machine.skipping:
        return Outcome("skipped")
    root = load_tables(machine, how, more)
    values = {name: UNMAPPED for name in REGISTERS} | {"r11": 0} | dict(registers or {})
    landing = {"into": ENTER, "rsp": RSP, "root": root, "seconds": 3} | landing
    return seen(land(machine, machine.g1 + PAGE, offset, values, seeded("a28"), **landing))


def fault_of_ring_3(machine: Machine, how: Delivery, more: bytes = b"", rflags: int = 2) -> Outcome:
    """Lands on G2's first byte from ring 3; the stack is at an odd address of a page of its own."""
    if machine.skipping:
        return Outcome("skipped")
    root = load_tables(machine, how, more)
    page_to_attack(machine, LAUNCHER, CODE, user=True)
    page_to_attack(machine, LAUNCHER + 1, machine.g1 + PAGE, user=True)
    machine.attack_page(0x42, ELSEWHERE + 2 * PAGE | TABLE | USER)
    machine.code(at(PAGE - len(INTO + VMFUNC), INTO + VMFUNC))
    start = ATTACK + (LAUNCHER + 1) * PAGE - len(INTO + VMFUNC)
    return seen(machine.run(start, cs=USER_64, ss=USER_DATA, cr3=root, rflags=rflags,
                            rsp=ATTACK + 0x42 * PAGE + 0x801))


# What makes the CPU raise more: CR0.TS; CR0.NE and CR4.OSXMMEXCPT, with all exceptions of x87 and
# SSE unmasked (fninit; fldcw, ldmxcsr of 0; xorps %xmm1, %xmm1); one of x87 pending (1 / 0); CR0.AM.
SET_TS = b"\x0f\x20\xc0\x48\x83\xc8\x08\x0f\x22\xc0"
UNMASK = b"\x0f\x20\xc0\x48\x83\xe0\xf3\x48\x83\xc8\x22\x0f\x22\xc0"
UNMASK += b"\x0f\x20\xe0\x48\x0d" + u32(0x600) + b"\x0f\x22\xe0"
UNMASK += b"\xdb\xe3\x6a\0\xd9\x2c\x24\x0f\xae\x14\x24\x58\x0f\x57\xc9"
PENDING = UNMASK + b"\xd9\xe8\xd9\xee\xde\xf9"
SET_AM = b"\x0f\x20\xc0\x48\x0d" + u32(1 << 18) + b"\x0f\x22\xc0"
OVERFLOW = b"\xb0\x7f\xfe\xc0" + ENTER  # 127 + 1

# What bytes of an address in G2 may be by chance, each raising another exception.
PROVOKED = (
    (b"\xf6\xf4", {}),  # #DE: div %ah
    (b"\xf1", {}),  # #DB: int1
    (b"\xcc", {}),  # #BP
    (b"\xcd\x20", {}),  # int $0x20
    (b"\xce", {"segment": CODE_32, "into": OVERFLOW}),  # #OF: into
    (b"\x62\x00", {"segment": CODE_32}),  # #BR: bound %eax, (%eax)
    (b"\x0f\x0b", {}),  # #UD
    (b"\xd9\xe8", {"more": SET_TS}),  # #NM: fld1
    (b"\x50", {"rsp": NOT_CANONICAL}),  # #SS: push
    (b"\x8b\x03", {"registers": {"rbx": NOT_CANONICAL}}),  # #GP: mov (%rbx), %eax
    (b"\x0f\x22\xdb", {"registers": {"rbx": NOT_CANONICAL}}),  # #GP: mov %rbx, %cr3
    (b"\x8b\x03", {}),  # #PF: read
    (b"\x89\x03", {}),  # #PF: write
    (b"\xff\xe3", {}),  # #PF: jmp *%rbx
    (b"\x9b", {"more": PENDING}),  # #MF: fwait
    (b"\x0f\x5e\xc9", {"more": UNMASK}),  # #XF: divps %xmm1, %xmm1
)


def a28(machine: Machine) -> Iterator[Outcome]:
    touch = to_touch(machine)
    for how in deliveries(machine):
        yield fault(machine, touch, how)
    yield fault(machine, touch, dr=(ATTACK + SWAPPED * PAGE + touch, 0x402))  # a breakpoint there
    yield fault(machine, touch, into=b"\x68" + u32(0x102) + ENTER, last=b"\x9d")  # the trap flag
    for number, (code, setting) in enumerate(PROVOKED):
        # Each at an address of its own: a translator keeps what it has translated.
        offset = 0xE00 + 0x10 * number
        before = machine.poke(machine.inner_offset + offset, code)
        yield fault(machine, offset, **setting)
        machine.poke(machine.inner_offset + offset, before)
    # ring 3: MOV from CR3 (#GP), and a misaligned access (#AC), both on rsp0
    yield fault_of_ring_3(machine, Delivery(interrupt_stack=False))
    before = machine.poke(machine.inner_offset, b"\x8b\x04\x24")  # mov (%rsp), %eax
    yield fault_of_ring_3(machine, Delivery(interrupt_stack=False), SET_AM, 0x40002)
    machine.poke(machine.inner_offset, before)


def deliveries(machine: Machine) -> Iterator[Delivery]:
    yield Delivery()
    yield Delivery(tables_accessed=False)
    yield Delivery(segment_accessed=False)
    # All but the first end in another fault, #GP or #NP, with a good gate.
    for gate in (TRAP_GATE, TASK_GATE, ABSENT, *GATES_16_BIT):
        yield Delivery({14: gate})
    yield Delivery({vector: TASK_GATE for vector in (11, 12, 13, 14)})  # #DF
    yield Delivery({vector: TASK_GATE for vector in (8, 11, 12, 13, 14)})  # triple fault
    yield Delivery(limit=14 * 16 - 1)
    yield Delivery(limit=0)
    yield Delivery(interrupt_stack=False)
    yield Delivery(handler=own_code)
    yield Delivery(handler=exit_itself)
    yield Delivery(page=ELSEWHERE)
    yield Delivery(top=NOT_CANONICAL)
    # MMIO, a hole, RAM that is in no other use, the gate's pages, a guess
    for stack in (0xFEE00000, 0x40000000, ELSEWHERE + 3 * PAGE):
        yield Delivery(stack=stack)
    for stack in (machine.g1, machine.g1 + PAGE, guess(machine)):
        yield Delivery(stack=stack)


def guess(machine: Machine) -> int:
    return machine.layout["gateFrame"] ^ 0x5A5A5A000


def a28b(machine: Machine) -> Iterator[Outcome]:
    """
    Every byte of G2's code: what its numbers are if they are decoded as instructions. Also with the
    bits of the SIM CR3 (14 and 15) with which they are an access at an address that has 32 of its
    bits added, with registers whose lower half is 0.
    """
    cr3 = machine.immediate(0)
    number = inner_page(machine).index(struct.pack("<Q", cr3))
    for bits in (2, 0, 1, 3):
        other = struct.pack("<Q", cr3 & ~0xC000 | bits << 14)
        before = machine.poke(machine.inner_offset + number, other)
        for offset in range(number, number + 8):
            yield fault(machine, offset, into=ENTER_HIGH)
        machine.poke(machine.inner_offset + number, before)
    for offset in range(inner_code_end(machine)):
        yield fault(machine, offset, into=ENTER_HIGH)


def told(machine: Machine) -> Delivery:
    """For controls: a frame in hidden memory, whose guest-physical address no attacker knows."""
    return Delivery(stack=machine.segments["ring"]["gpa"] + PAGE)


def a28_told(machine: Machine) -> Outcome:
    return fault(machine, to_touch(machine), told(machine))


def a12_told(machine: Machine) -> Outcome:
    """A fetch that fails: jmp *%rbx, to where nothing is."""
    machine.poke(machine.inner_offset + 0xE00, b"\xff\xe3")
    return fault(machine, 0xE00, told(machine))
