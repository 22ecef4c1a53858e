# SPDX-License-Identifier: GPL-2.0-or-later
"""
Calls of the gate with the genuine return address of a hook, by everything but the hook (A6b). The gate that reads the last branch record must count
each as forged, and none of the hook's own, whatever interrupts it.
"""
import struct

import races
from assembly import GO_BACK_2, LAUNCHER, at, jump, page_to_attack, program, second_program, u32, u64, write_msr
from machine import (
    ATTACK, BACK, BACK_2, CALLS, CODE, CODE_64, DATA, PAGE, PRESENT, RETURN_ADDRESS, RING_COUNTERS, STACK, STACK_2, TEXT_RAM)

DEBUGCTL, FROM, TO = 0x1D9, 0x1DB, 0x1DC
OWN = 2000
HOOK_BYTES = b"\x2e\x2e\x41\xff\xd6"                   # call *%r14, of five bytes: see kernel_text


def counters(machine):
    """Calls since the machine was armed, and those that no hook made."""
    return struct.unpack_from("<QQ", machine.region, machine.segments["ring"]["offset"] + RING_COUNTERS)


def forged(machine, attack, own=0):
    """Carries out an attack that calls once without the hook, which calls `own` times beside. Gained: that one call was taken for the hook's."""
    if machine.skipping:
        return attack()
    if machine.dirty:
        machine.reset()
    calls, unknown = counters(machine)
    outcome = attack()
    if outcome.kind == "stopped" or outcome.gained:
        return outcome
    calls, unknown = counters(machine)[0] - calls, counters(machine)[1] - unknown
    if calls == own:
        outcome.kind = "no call"
    elif unknown < 1:
        outcome.gained = "a forged call was taken for the hook's (%d calls, %d forged)" % (calls, unknown)
    elif unknown > 1:
        outcome.gained = "%d calls were counted as forged, of one" % unknown
    return outcome


def once(machine, entry, back=BACK):
    """Registers with which what the hook's site does behind a call ends."""
    return machine.calls(entry, 1, 0, back)


def frame(rip, rsp, flags=2):
    """Pushes what IRET takes."""
    return b"\x6a" + bytes([DATA]) + b"\x68" + u32(rsp) + b"\x68" + u32(flags) + b"\x6a" + bytes([CODE_64]) + b"\x49\xbb" + u64(rip) + b"\x41\x53\x48\xcf"


def ways(target, stack=STACK):
    """Code that goes to the target, with the return address on top of the stack."""
    to_r11 = b"\x49\xbb" + u64(target)                 # movabs $target, %r11
    push_back = b"\x49\xbb" + u64(RETURN_ADDRESS) + b"\x41\x53"
    return {
        "jmp, memory": jump(target),
        "jmp, register": to_r11 + b"\x41\xff\xe3",
        "push; jmp": b"\x48\x83\xc4\x08" + push_back + to_r11 + b"\x41\xff\xe3",
        "ret": to_r11 + b"\x41\x53\xc3",
        "ret $0": to_r11 + b"\x41\x53\xc2\x00\x00",
        "lret": b"\x6a" + bytes([CODE_64]) + to_r11 + b"\x41\x53\x48\xcb",
        "iret": frame(target, stack),
        "iret, interrupts on": frame(target, stack, 0x202),
        "a jump that is taken first": b"\xeb\x00" + jump(target),
        "a jump that is not taken": b"\x31\xc0\x75\x05\x90\x90" + jump(target),
        "call; pop": b"\xe8\x00\x00\x00\x00\x58" + jump(target),
    }


# Written before, as if recording could be switched off, or a record be made.
def preparations(machine, entry):
    clean = [(DEBUGCTL, 0), (DEBUGCTL, 1), (DEBUGCTL, 0xFFFF)]
    made = [(FROM, RETURN_ADDRESS - 5), (TO, machine.layout[entry])]
    yield b""
    for value in clean:
        yield write_msr(*value)
    yield b"".join(write_msr(*each) for each in made)
    yield b"".join(write_msr(*each) for each in clean[:1] + made + clean[1:2])


def go(machine, code, entry):
    machine.stack(RETURN_ADDRESS)
    return machine.run(program(machine, code), once(machine, entry))


def a6b(machine):
    for entry in ("fentry", "callStub"):
        target = machine.layout[entry]
        for before in preparations(machine, entry):
            for way in ways(target).values():
                yield forged(machine, lambda before=before, way=way: go(machine, before + way, entry))
        # IRET by the guest's own kernel, that has loaded every register
        def iret():
            machine.stack(RETURN_ADDRESS)
            return machine.run(target, once(machine, entry))
        yield forged(machine, iret)
        # the hook's bytes, and the page that they are in, elsewhere: the pushed return address is theirs, so it is exchanged in between
        yield from (forged(machine, lambda each=each: copy(machine, entry, each)) for each in (0x100, 0x105, 0xFFB, 0x7))
        yield from (forged(machine, lambda each=each: alias(machine, entry, each)) for each in (0x100,))
        # the hook's site, entered in the midst of its call
        for skip in (1, 2):
            def inside(skip=skip):
                machine.stack()
                return machine.run(CALLS + skip, once(machine, entry))
            yield forged(machine, inside)
        yield forged(machine, lambda: through_the_gate(machine, entry))
        # from the page before the gate, without a branch
        if machine.gate & 0x1FFFFF:
            for before in preparations(machine, "callStub"):
                yield forged(machine, lambda before=before: fall_into(machine, before))
        # while the other CPU calls as the hook does; and by the other CPU
        for before in preparations(machine, entry):
            for name in ("jmp, memory", "ret", "iret"):
                yield forged(machine, lambda before=before, name=name: beside(machine, entry, before, name), OWN)
        # and what comes between the hook's call and VMFUNC makes none of its calls look forged
        for timer in (2000, 10000, 30000):
            yield genuine(machine, entry, timer, ())
        for commands in ((races.TO_FIRST | races.FIXED,), (races.TO_FIRST | races.NMI,), (races.TO_FIRST | races.NMI, races.TO_FIRST | races.FIXED)):
            yield genuine(machine, entry, None, commands)


def copy(machine, entry, offset):
    """A copy of the hook's bytes; what it calls exchanges the return address for the genuine one, and goes on to the gate."""
    swap = b"\x49\xbb" + u64(RETURN_ADDRESS) + b"\x4c\x89\x1c\x24" + jump(machine.layout[entry])
    registers = once(machine, entry)
    registers["r14"] = ATTACK + (LAUNCHER + 1) * PAGE + 0x40
    where = program(machine, at(offset, HOOK_BYTES)[:PAGE], at(0x40, swap))
    machine.stack()
    return machine.run(where + offset, registers)


def alias(machine, entry, offset):
    """The hook's own page, at another address: its call pushes that."""
    page_to_attack(machine, LAUNCHER, TEXT_RAM)
    machine.stack()
    return machine.run(ATTACK + LAUNCHER * PAGE + offset, once(machine, entry))


def through_the_gate(machine, entry):
    """The hook's call goes to the gate's way out, whose `ret` goes to the entry: the last branch but one is genuine."""
    page = machine.pristine[machine.layout["segments"][0]["offset"]:][:PAGE]
    registers = once(machine, entry)
    registers["r14"] = machine.gate + page.index(b"\x5b\x58\x9d\xc3")  # pop %rbx; pop %rax; popf; ret
    machine.stack(0, 2, machine.layout[entry], RETURN_ADDRESS)
    return machine.run(CALLS, registers)


def fall_into(machine, before):
    """Runs from the page before the gate into its first entry."""
    root = machine.own_tables()
    machine.gate_page(-1, CODE | PRESENT)
    machine.gate_page(1, machine.g1 + PAGE | PRESENT)
    machine.code(at(PAGE - len(before), before))
    machine.stack(RETURN_ADDRESS)
    return machine.run(machine.gate - len(before) - 16, once(machine, "callStub"), cr3=root)


def beside(machine, entry, before, name):
    """The second CPU forges one call while the first makes genuine ones."""
    way = ways(machine.layout[entry], STACK_2)[name]
    # its own stack page holds the return address on top
    code = b"\xbc" + u32(STACK_2) + b"\x49\xbb" + u64(RETURN_ADDRESS) + b"\x4c\x89\x1c\x24" + before + way
    machine.stack()
    machine.start_second(second_program(machine, code + GO_BACK_2), once(machine, entry, BACK_2))
    outcome = machine.run(CALLS, machine.calls(entry, OWN))
    machine.stop_second()
    return outcome


def genuine(machine, entry, timer, commands):
    if machine.skipping:
        return races.call_in_a_storm(machine, entry, timer, commands)
    if machine.dirty:
        machine.reset()
    unknown = counters(machine)[1]
    outcome = races.call_in_a_storm(machine, entry, timer, commands)
    unknown = counters(machine)[1] - unknown
    if outcome.kind == "returned" and unknown and not outcome.gained:
        outcome.gained = "%d of the hook's own calls were counted as forged" % unknown
    return outcome


def forge_one(machine):
    """For the control: a gate that goes by the return address."""
    return forged(machine, lambda: go(machine, jump(machine.layout["fentry"]), "fentry"))
