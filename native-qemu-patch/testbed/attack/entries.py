# SPDX-License-Identifier: GPL-2.0-or-later
"""
Attacks on the ways into the kernel: hooks that are stepped over (A29), entry registers with other
values (A30).
"""

import lives
from assembly import (
    GO_BACK,
    GO_BACK_2,
    LAUNCHER,
    MARK,
    jump,
    page_to_attack,
    program,
    second_program,
    u32,
    u64,
    until,
    write_msr,
)
from machine import (
    ATTACK,
    CALLS,
    CODE,
    MARKER,
    PAGE,
    PRESENT,
    REQUEST_2,
    STACK,
    STATE,
    TEXT_RAM,
    USER_64,
    USER_DATA,
    WRITE,
)

HOOK = TEXT_RAM + 0x100, 5  # where and how long: see kernel_text
SEALED_STACK = 0x7A0000
TRAP = 0x102

# ---- A29: hooks that are skipped


def seal_hook(machine, *more):
    if machine.seal:
        machine.seal_page(HOOK[0] & -PAGE, HOOK[0] % PAGE, HOOK[1], *more)


def breaks(machine, attack, elsewhere=False):
    """An attack that a handler of #DB would end by going on behind the hook."""
    if machine.skipping:
        return attack()
    if machine.dirty:
        machine.reset()
    seal_hook(machine)
    outcome = attack()
    if elsewhere and outcome.kind == "stopped":
        outcome.gained = "a debugger that is nowhere near a hook was stopped"
    elif elsewhere and (outcome.kind, outcome.vector) != ("exception", 1):
        outcome.gained = "a debugger does not get its exception"
    elif not elsewhere and (outcome.kind, outcome.vector) == ("exception", 1):
        outcome.gained = "the hook can be skipped"
    return outcome


def break_at(machine, address, control=0x402, run=CALLS, **more):
    def attack():
        machine.stack()
        return machine.run(run, machine.calls("fentry", 3), dr=(address, control), **more)

    return attack


def trap_at(machine, before=b""):
    """The trap flag is set right before a jump to the hook."""

    def attack():
        machine.stack()
        code = before + b"\x68" + u32(TRAP) + b"\x9d" + jump(CALLS)  # push; popfq
        return machine.run(program(machine, code), machine.calls("fentry", 3))

    return attack


def a29(machine):
    for control in (0x402, 0x401, 0x403, 0x602):  # global, local, both, with GE
        yield breaks(machine, break_at(machine, CALLS, control))
    # each byte of the way into the view; those that begin no instruction are met by nobody
    g1 = machine.pristine[machine.layout["segments"][0]["offset"] :][:PAGE]
    for entry in ("fentry", "callStub"):
        first = machine.layout[entry] - machine.gate
        for offset in range(first, min(first + 96, PAGE)):

            def attack(offset=offset, entry=entry):
                machine.stack()
                return machine.run(
                    CALLS, machine.calls(entry, 3), dr=(machine.gate + offset, 0x402)
                )

            yield breaks(machine, attack)
    way_out = g1.index(b"\x5b\x58\x9d\xc3")  # pop %rbx; pop %rax; popf; ret
    for offset in range(way_out, way_out + 4):
        yield breaks(machine, break_at(machine, machine.gate + offset))
    # traps: behind the instruction before the hook, within the gate, by the word that the call
    # pushes
    yield breaks(machine, trap_at(machine))
    yield breaks(machine, break_at(machine, 0, 0x400, rflags=TRAP))
    for kind in (0x10002, 0x30002, 0x50002, 0xD0002):
        yield breaks(machine, break_at(machine, STACK - 8, 0x400 | kind))

    # the call's own push is to a page that is sealed, so that a hypervisor emulates it
    def emulated():
        seal_hook(machine, (SEALED_STACK, 0, PAGE))
        machine.stack()
        return machine.run(
            CALLS,
            machine.calls("fentry", 3),
            rsp=SEALED_STACK + 0x800,
            dr=(CALLS, 0x402),
            seconds=5,
        )

    yield breaks(machine, emulated)
    # an alias of the hook's page
    page_to_attack(machine, LAUNCHER, TEXT_RAM)
    yield breaks(
        machine,
        break_at(machine, ATTACK + LAUNCHER * PAGE + 0x100, run=ATTACK + LAUNCHER * PAGE + 0x100),
    )

    # debuggers elsewhere: behind the hook, in its page, in other code, of a program
    yield breaks(machine, break_at(machine, CALLS + 5), elsewhere=True)
    yield breaks(machine, break_at(machine, CALLS + 12), elsewhere=True)

    def other():
        where = program(machine, b"\x90\x90\x90" + GO_BACK)
        machine.stack()
        return machine.run(where, dr=(where + 1, 0x402))

    yield breaks(machine, other, elsewhere=True)

    def stepped():
        machine.stack()
        return machine.run(program(machine, b"\x90\x90\x90" + GO_BACK), rflags=TRAP)

    yield breaks(machine, stepped, elsewhere=True)

    def of_a_program():
        where = program(machine, b"\x90\x90\x90" + GO_BACK)
        page_to_attack(machine, LAUNCHER, CODE, user=True)
        machine.stack()
        return machine.run(where, cs=USER_64, ss=USER_DATA, dr=(where + 1, 0x402))

    yield breaks(machine, of_a_program, elsewhere=True)


def step_over(machine):
    """For the control: a machine that is not sealed."""
    return breaks(machine, break_at(machine, CALLS))


# ---- A30: registers that lead into the kernel

MSRS = {
    "STAR": 0xC0000081,
    "LSTAR": 0xC0000082,
    "CSTAR": 0xC0000083,
    "FMASK": 0xC0000084,
    "SYSENTER_CS": 0x174,
    "SYSENTER_ESP": 0x175,
    "SYSENTER_EIP": 0x176,
}
VALUES = (8, CODE, 0xFFFFFFFF81000000)
OPERAND, IDT, IDT_LIMIT, GDT, GDT_LIMIT, COPIES = 0xE400, 0xC000, 0xFFF, 0xB000, 0x5F, 0x780000
LIDT, LGDT = b"\x0f\x01\x1c\x25", b"\x0f\x01\x14\x25"
# In SMM's save area (AMD's layout): base addresses and limits.
SAVED = {"GDT": (0x7E68, 0x7E64), "IDT": (0x7E88, 0x7E84), "TR": (0x7E98, 0x7E94)}


def loads(instruction, base, limit, slot=0):
    """A table register is loaded; its operand is in the kernel's memory."""
    operand = OPERAND + 16 * slot
    return (
        write64_to(operand, limit | (base << 16) % (1 << 64))
        + write64_to(operand + 8, base >> 48)
        + instruction
        + u32(operand)
    )


def write64_to(address, value):
    return b"\x48\xb8" + u64(value) + b"\x48\xa3" + u64(address)  # movabs


def ltr(selector, *changes):
    """Clears the busy flag of a TSS, makes more changes to the GDT, and loads TR."""
    code = b"\xc6\x04\x25" + u32(GDT + selector + 5) + b"\x89"
    for offset, value in changes:
        code += b"\xc6\x04\x25" + u32(GDT + selector + offset) + bytes([value])
    return code + b"\xb8" + u32(selector) + b"\x0f\x00\xd8"


def other_entry(machine, code):
    """Gained, if what comes behind the code is reached: another entry is in force."""
    machine.stack()
    outcome = machine.run(program(machine, code + MARK + GO_BACK), seconds=10)
    if machine.get(MARKER):
        outcome.gained = "another entry is in force"
    return outcome


def same_entry(machine, code):
    """What a kernel does that wakes, or brings up a CPU: it must not be stopped."""
    machine.stack()
    outcome = machine.run(program(machine, code + GO_BACK), seconds=10)
    if outcome.kind not in ("returned", "skipped"):
        outcome.gained = "what was there before cannot be written again"
    return outcome


def copy_tables(machine):
    machine.ram[COPIES : COPIES + PAGE] = machine.ram[IDT : IDT + PAGE]
    machine.ram[COPIES + PAGE : COPIES + PAGE + 0x60] = machine.ram[GDT : GDT + 0x60]


def a30(machine):
    for name, number in MSRS.items():
        if name != "LSTAR":  # whose first write stops a machine for its manager
            yield same_entry(machine, write_msr(number, 0))
        for value in VALUES:
            yield other_entry(machine, write_msr(number, value))
        yield other_entry(machine, write_msr(number, 0) + write_msr(number, 8))
        yield by_the_second(machine, write_msr(number, 8))
    for code in tables(machine):
        copy_tables(machine)
        yield other_entry(machine, code)
        copy_tables(machine)
        yield by_the_second(machine, code)
    for code in (
        loads(LIDT, IDT, IDT_LIMIT),
        loads(LGDT, GDT, GDT_LIMIT),
        ltr(0x38),
        loads(LIDT, 0, 0) + loads(LIDT, IDT, IDT_LIMIT, 1),
    ):
        yield same_entry(machine, code)
    # the kernel's GDT by another address, as Linux has it
    machine.attack_page(0x22, GDT | PRESENT | WRITE)
    yield same_entry(
        machine, loads(LGDT, ATTACK + 0x22 * PAGE, GDT_LIMIT) + loads(LGDT, GDT, GDT_LIMIT, 1)
    )
    for name in SAVED:
        yield by_rsm(machine, name)


def tables(machine):
    yield loads(LIDT, COPIES, IDT_LIMIT)
    yield loads(LIDT, IDT, 0x7FF)
    yield loads(LIDT, 0, 0) + loads(LIDT, COPIES, IDT_LIMIT, 1)
    yield loads(LIDT, 0, 14) + loads(LIDT, COPIES, IDT_LIMIT, 1)
    yield loads(LIDT, 1 << 47, IDT_LIMIT)
    yield loads(LGDT, COPIES + PAGE, GDT_LIMIT)
    yield loads(LGDT, GDT, 0xFFFF)
    yield loads(LGDT, GDT + 8, GDT_LIMIT)
    yield ltr(0x38, (3, 0xD8))  # a base of 0xd800
    yield ltr(0x38, (0, 0x40))


def by_the_second(machine, code):
    machine.put(MARKER, 0)
    machine.start_second(second_program(machine, code + MARK + GO_BACK_2))
    outcome = machine.run(
        program(
            machine,
            until(b"\xf3\x90", b"\x83\x3c\x25" + u32(REQUEST_2 + STATE) + b"\x01") + GO_BACK,
        ),
        seconds=5,
    )
    machine.stop_second()
    if machine.get(MARKER):
        outcome.gained = "another entry is in force on the second CPU"
    return outcome


def by_rsm(machine, name):
    """SMM's save area is memory that the guest may write: RSM loads another table."""
    base, limit = SAVED[name]
    handler = lives.real(0x38000 + base, b"\xc7\x05") + u32(COPIES) + lives.COUNT + lives.RSM
    lives.smm(machine, handler)
    copy_tables(machine)
    machine.stack()
    wait = b"\x80\x3c\x25" + u32(lives.COUNTED) + b"\0\x74\xf6"  # cmpb; je
    outcome = machine.run(program(machine, lives.RAISE[1] + wait + MARK + GO_BACK), seconds=5)
    if machine.get(MARKER):
        outcome.gained = "RSM has loaded another %s" % name
    elif outcome.kind in ("returned", "loops") and not machine.get(lives.COUNTED):
        outcome.kind = "no SMI"
    machine.dirty = True
    return outcome


def change_entry(machine):
    """For the control: a machine that is not sealed; LSTAR's first write would stop it."""
    return other_entry(machine, write_msr(MSRS["STAR"], CODE))
