# SPDX-License-Identifier: GPL-2.0-or-later
"""
Attacks by what comes in the midst of a call: interrupts, NMIs and INIT (A11), a second CPU that changes what the first is using (A14), and lies
about which CPU this is (A15).
"""
from assembly import (
    COME_BACK, FIXED, GO_BACK, GO_BACK_2, INIT, INTO, LAPIC, LAUNCHER, NMI, STARTUP, SWAPPED, TO_FIRST, TO_OTHERS, VMFUNC, at,
    hostile_registers, jump, page_to_attack, program, second_program, until, u32, write32, write64, write_msr)
from attacks import inner_code_end, land
from machine import (
    ATTACK, ATTACK_TABLE, BACK, BACK_2, BOOTS, CALLS, CODE, CURRENT_OFFSET, EVERY, GS_BASE,
    KERNEL_ROOT, MARKER, PAGE, PRESENT, REQUEST_2, STACK, STACK_PAGES, STATE, WRITE, seeded)

INTERRUPTS_ON = 0x202
CALLS_IN_A_STORM = 500
BEHIND = 0x800                                         # where a program of the first CPU goes on after its calls


def came_back(machine, outcome, expected):
    """What of the hook's arguments did not come back as it went in."""
    if outcome.kind == "returned" and not outcome.gained:
        wrong = [name for name, value in expected.items() if name != "r15" and outcome.registers[name] != value]
        if wrong:
            outcome.gained = "%s came back as another" % ", ".join(wrong)
    return outcome


def call_in_a_storm(machine, entry, timer=None, commands=(), count=CALLS_IN_A_STORM, rflags=INTERRUPTS_ON):
    """
    Calls of the gate while a timer strikes (its initial count), and while the second CPU sends interrupt commands. A storm that brought
    nothing is no attack: the outcome says so.
    """
    start = write32(LAPIC + 0x3E0, 0xB) + write32(LAPIC + 0x320, 0x20040) + write32(LAPIC + 0x380, timer) if timer else b""
    end = write32(LAPIC + 0x380, 0) + write32(LAPIC + 0x320, 0x10040) if timer else b""
    where = program(machine, at(BEHIND, end + GO_BACK, b"\xcc"))
    machine.code((start + jump(CALLS)).ljust(BEHIND, b"\xcc") + end + GO_BACK)
    if commands:
        send = b"".join(write32(LAPIC + 0x310, 0) + write32(LAPIC + 0x300, command) for command in commands)
        machine.start_second(second_program(machine, until(send) + GO_BACK_2))
    machine.stack()
    registers = machine.calls(entry, count, 0x1122334455, where + BEHIND)
    registers.update(rsi=1, rdx=2, r8=8, r9=9)
    expected = dict(registers)
    if entry == "callStub":
        del expected["rsi"]                            # a verdict may replace it
    outcome = came_back(machine, machine.run(where, registers, rflags=rflags, storm=True, seconds=60), expected if not timer else {"rdi": 0x1122334455})
    struck = machine.struck()
    if commands:
        machine.stop_second()
    if not struck and outcome.kind == "returned":
        outcome.kind = "no storm"
    return outcome


def a11(machine):
    """Storms, gates called with interrupts on; VMFUNC with interrupts on; landings on G2 under NMIs; INIT in the midst of a call."""
    for entry in ("fentry", "callStub"):
        for timer in (2000, 10000, 30000, 100000, 300000):  # nanoseconds; more often, and QEMU has no time for its monitor
            yield call_in_a_storm(machine, entry, timer)
        for commands in ((TO_FIRST | FIXED,), (TO_FIRST | NMI,), (TO_FIRST | NMI, TO_FIRST | FIXED)):
            yield call_in_a_storm(machine, entry, None, commands)
            yield call_in_a_storm(machine, entry, 20000, commands)
    # interrupts let in right before the switch, in pages of his own and in the gate behind its popf
    sti, shadow = b"\xfb", b"\x8e\xd2"                  # sti; mov %edx, %ss
    for before in (sti, shadow + sti, sti + shadow, sti + b"\x90", b"\x68\x02\x02\0\0\x9d"):
        code = b"\x8c\xd2" + INTO + before + VMFUNC + COME_BACK
        machine.stack()
        yield machine.run(program(machine, code))
        code = b"\x8c\xd2" + INTO + before
        page_to_attack(machine, LAUNCHER + 1, machine.g1)
        machine.stack()
        yield machine.run(program(machine, code + jump(machine.gate + PAGE - 3)))
    for offset in (PAGE - 3, PAGE - 8, PAGE - 10):
        machine.stack()
        yield machine.run(machine.gate + offset, {"rcx": 1}, rflags=INTERRUPTS_ON)
    # NMIs while he lands on G2
    generator = seeded("a11")
    send = write32(LAPIC + 0x310, 0) + write32(LAPIC + 0x300, TO_FIRST | NMI)
    for offset in range(3, inner_code_end(machine)):
        machine.start_second(second_program(machine, until(send) + GO_BACK_2))
        yield land(machine, machine.g1 + PAGE, offset, {}, generator, at_gate=offset % 2 == 0, storm=True)
        if not machine.dirty:
            machine.stop_second()
    # INIT for who is in a call
    for i in range(100):
        yield init_in_a_call(machine, i, generator)


def init_in_a_call(machine, i, generator):
    """The second CPU calls without end; the first sends it INIT and starts it again. Whatever it was doing, no stack may stay taken."""
    machine.put(REQUEST_2 + BOOTS, 0)
    machine.stack()
    machine.start_second(CALLS, machine.calls(("fentry", "callStub")[i % 2], 1 << 40, 0, BACK_2))
    wait = b"\xb9" + u32(generator.randrange(1, 20000)) + b"\xf3\x90\xff\xc9\x75\xfa"     # mov, pause, dec %ecx, jnz
    machine.stack()
    outcome = machine.run(program(machine, wait + write32(LAPIC + 0x300, TO_OTHERS | INIT) + write32(LAPIC + 0x300, TO_OTHERS | STARTUP) + GO_BACK))
    if outcome.kind == "returned" and not machine.until(lambda: machine.get(REQUEST_2 + BOOTS) and machine.get(REQUEST_2 + STATE) in (0, 1)):
        outcome.kind = "no storm"
        machine.dirty = True
    machine.put(REQUEST_2 + STATE, 0)
    return outcome


def interrupts_on(machine):
    """For the control of A11: a call by a gate that leaves interrupts as they are."""
    return call_in_a_storm(machine, "fentry", 20000)


# ---- A14: a second CPU -------------------------------------------------------------------------------------------

def both_call(machine, entries=("fentry", "callStub"), count=3000, aux=(0, 0)):
    """Both CPUs call at the same time, each with arguments of its own."""
    machine.stack()
    machine.start_second(CALLS, machine.calls(entries[1], count, 0x2222222222, BACK_2), aux=aux[1])
    registers = machine.calls(entries[0], count, 0x1111111111)
    outcome = came_back(machine, machine.run(CALLS, registers, aux=aux[0], seconds=60), registers)
    machine.until(lambda: machine.dirty or machine.get(REQUEST_2 + STATE) != 1, 600)
    other = machine.seen(REQUEST_2)
    if outcome.kind == "returned" and other and other.kind == "exception":
        return other
    return outcome


def while_second(machine, writes, attack):
    """`attack()` on the first CPU while the second writes these words again and again."""
    machine.start_second(second_program(machine, until(b"".join(write64(*pair) for pair in writes)) + GO_BACK_2))
    outcome = attack()
    if not machine.dirty:
        machine.stop_second()
    return outcome


def a14(machine):
    generator = seeded("a14")
    for entries in (("fentry", "fentry"), ("fentry", "callStub"), ("callStub", "callStub")) * 4:
        yield both_call(machine, entries)

    def call(entry, cr3=KERNEL_ROOT):
        machine.stack()
        return machine.run(CALLS, machine.calls(entry, 300, 0x1111), cr3=cr3, seconds=30)

    # words of the first's stack: flags, rax, rbx, return addresses
    values = (BACK, machine.gate, machine.gate + PAGE, machine.g1, 0, 0xFFFFFFFFFFFFFFFF, 0x40302)
    for entry in ("fentry", "callStub"):
        for word in range(1, 8):
            for value in values:
                yield while_second(machine, [(STACK - 8 * word, value), (STACK - 8 * word, BACK)], lambda: call(entry))
    # what the gate's addresses show, and the tables above that
    for entry in ("fentry", "callStub"):
        for page in (0, 1):
            for other in (CODE | PRESENT, 0, machine.g1 + PAGE | PRESENT, EVERY | PRESENT | WRITE):
                root = machine.own_tables()
                shown = machine.get(machine.gate_page_entry(page))
                machine.gate_page(page, shown)
                program(machine, INTO + VMFUNC + COME_BACK)
                yield while_second(machine, [(machine.gate_page_entry(page), other), (machine.gate_page_entry(page), shown)],
                                   lambda: call(entry, root))
        for place, other in ((0x221000 + 509 * 8, 0), (0x221000 + 509 * 8, machine.layout["gateEntry"]), (0x220000 + 511 * 8, 0x211000 | 3)):
            root = machine.own_tables()
            yield while_second(machine, [(place, other), (place, machine.get(place))], lambda: call(entry, root))
    # VMFUNC of his own, while the second changes the page's entry and its bytes
    for i in range(100):
        targets = (machine.g1 + PAGE, machine.g1, CODE + PAGE, 0)
        offset = generator.randrange(3, inner_code_end(machine))
        page_to_attack(machine, SWAPPED, CODE + PAGE)

        def swapped():
            machine.stack()
            machine.code(INTO + jump(ATTACK + SWAPPED * PAGE + offset - 3), at(offset - 3, VMFUNC + COME_BACK))
            page_to_attack(machine, LAUNCHER, CODE)
            return machine.run(ATTACK + LAUNCHER * PAGE, hostile_registers(machine, generator))
        yield while_second(machine, [(ATTACK_TABLE + SWAPPED * 8, targets[i % 4] | PRESENT), (ATTACK_TABLE + SWAPPED * 8, CODE + PAGE | PRESENT)], swapped)
    # G2 at each byte, with a "stack" whose words change
    for offset in range(3, inner_code_end(machine)):
        root = machine.own_tables(EVERY | PRESENT | WRITE)
        machine.put(EVERY, *[(0, BACK, 0xFFFFFFFFFFFFFFFE)[offset % 3]] * 512)
        words = generator.sample(range(512), 6)
        writes = [(EVERY + word * 8, value) for word in words for value in (0, 0xFFFFFFFFFFFFFFFF, BACK)]
        yield while_second(machine, writes, lambda: land(machine, machine.g1 + PAGE, offset, {}, generator, root=root, at_gate=True))


def mixed_up(machine, outcome):
    """Whether two CPUs that shared a stack got each other's words, or the monitor stumbled over them."""
    return outcome.kind == "stopped" or outcome.gained is not None or machine.get(MARKER) != 0


def one_stack_for_both(machine):
    """For the control of A14: a gate that takes the stack of the CPU that the guest names, and both name the same."""
    return both_call(machine, count=100000)


# ---- A15: which CPU this is ----------------------------------------------------------------------------------------

def lie_about_the_cpu(machine, entry, gs, aux, before=b"", swapped=0):
    """`swapped`: what GS is once `before` has run, if that is not `gs`."""
    machine.stack()
    # wrmsr has it in eax; where it leads nowhere, CR2 has what the gate adds.
    machine.told = {gs & 0xFFFFFFFF, (swapped or gs) + CURRENT_OFFSET}
    registers = machine.calls(entry, 5, 0x1111)
    return came_back(machine, machine.run(program(machine, before + jump(CALLS)), registers, gs=gs, aux=aux), registers)


def a15(machine):
    """GS, TSC_AUX, the APIC's number and address, swapgs: none of them chooses a stack or anything else."""
    hidden = [s["virtual"] + more for s in machine.hidden if s["virtual"] for more in (0, 16, s["size"] - 64)]
    bases = [GS_BASE, 0, LAPIC, 0xA0000, machine.gate, STACK_PAGES, 0x7FFFFFFFFFFF, 0xFFFFFFFFFFFFF000, 0xFFFF800000000000] + hidden
    for entry in ("fentry", "callStub"):
        for base in bases:
            for aux in (0, 1, 5):
                yield lie_about_the_cpu(machine, entry, base, aux)
        for aux in list(range(64)) + [1 << bit for bit in range(6, 32)] + [0xFFFFFFFF]:
            yield lie_about_the_cpu(machine, entry, GS_BASE, aux)
        swapgs = b"\x0f\x01\xf8"
        for base in hidden + [LAPIC, 0]:
            yield lie_about_the_cpu(machine, entry, GS_BASE, 0, write_msr(0xC0000102, base) + swapgs + b"\x31\xc0\x31\xd2",
                                    swapped=base)
        for number in (1, 2, 63, 255):                  # APIC ID; the other's, and none's
            yield lie_about_the_cpu(machine, entry, GS_BASE, number, write32(LAPIC + 0x20, number << 24))
        for base in (machine.g1, EVERY, 0xFEC00000):
            yield lie_about_the_cpu(machine, entry, GS_BASE, 0, write_msr(0x1B, base | 0x900))
            machine.reset()                            # its APIC may be anywhere
    for aux in ((0, 0), (1, 1), (1, 0), (7, 7)):
        for entries in (("fentry", "fentry"), ("callStub", "fentry")):
            yield both_call(machine, entries, aux=aux)


def stack_of_another(machine):
    """For the control of A15: a gate that takes the stack of the CPU that TSC_AUX names."""
    return both_call(machine, count=100000, aux=(1, 1))
