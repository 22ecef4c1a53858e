# SPDX-License-Identifier: GPL-2.0-or-later
"""
The attacks of docs/security.md that need nothing of Linux, each in all its variants. An attack yields what it did and how that ended;
`gain` says whether the attacker has got anything. A control is the same attack where one rule is off; it must gain.
"""
import struct

from assembly import (
    COME_BACK, GO_BACK, INTO, LAUNCHER, MARK, SWAPPED, VMFUNC, at, hostile_registers, jump, page_to_attack, read_to_rdi, to_rax, u32, u64)
from machine import (
    AREA, ATTACK, ATTACK_TABLE, BACK, CODE, CODE_16, CODE_32, CODE_64, DATA, EVERY, EXCEPTION_STACK, GLOBAL, KERNEL_ROOT, MARKER, NX, Outcome,
    PAGE, PRESENT, RETURN_ADDRESS, STACK, STACK_PAGES, USER, USER_64, USER_DATA, WRITE, hostile, seeded)


# Outcomes of an attack that was none: what should have come in the midst of it did not come.
NOTHING_CAME = ("no storm", "no SMI", "no call", "no PCID")


def gain(machine, outcome):
    """What the attacker has got, in words; None if nothing."""
    if outcome.gained:
        return outcome.gained
    if outcome.kind == "stuck":
        return "the vCPU hangs in the SIM view"
    if outcome.kind == "unreported":
        return "nobody was told"
    if machine.get(MARKER):
        return "code of the attacker's ran in the SIM view"
    if outcome.kind in ("returned", "exception"):
        for name, value in outcome.registers.items():
            if machine.secret(value) or machine.part_of_secret(value):
                return "%s holds %#x of the monitor's" % (name, value)
        if outcome.error and machine.secret(outcome.error):
            return "the error code %#x is of the monitor's" % outcome.error
    for start, size in machine.exposed:
        for value in set(struct.unpack_from("<%dQ" % (size // 8), machine.ram, start)):
            if machine.secret(value):
                return "%#x of the monitor's in memory" % value
    changed = machine.changed()
    if outcome.kind == "stopped":
        changed = [name for name in changed if name != "stack left taken"]
    return "changed: " + ", ".join(changed) if changed else None


# ---- a page that both views execute: what the SIM view must never have -----------------------------

def share_page(code):
    """For controls: a page of the region that the guest knows, with the attacker's code, executable in both views."""
    def prepare(machine):
        ring = machine.segments["ring"]
        offset = ring["offset"] + ring["size"] - 2 * PAGE
        index = machine.layout["segments"].index(ring)
        struct.pack_into("<Q", machine.region, 56 + index * 32 + 8, ring["size"] - 2 * PAGE)
        machine.region[offset + PAGE:offset + 2 * PAGE] = code(machine).ljust(PAGE, b"\xcc")
        machine.shared = machine.g1 + 16 * PAGE if machine.g1 + 17 * PAGE < machine.layout["gateFrame"] + (1 << 30) else machine.g1 - 16 * PAGE
        machine.region[offset:offset + PAGE] = code(machine).ljust(PAGE, b"\xcc")
        count = struct.unpack_from("<I", machine.region, 12)[0]
        for i, view in enumerate((1, 2)):
            struct.pack_into("<QQQII", machine.region, 56 + (count + i) * 32, offset + i * PAGE, PAGE, machine.shared, view, 5)
        struct.pack_into("<I", machine.region, 12, count + 2)
    return prepare


def run_shared(machine):
    page_to_attack(machine, LAUNCHER, machine.shared)
    machine.stack()
    return machine.run(ATTACK + LAUNCHER * PAGE)


SHARED = share_page(lambda machine: INTO + VMFUNC + COME_BACK)


# ---- A1, A2, A7, A8: VMFUNC from the guest's own pages ------------------------------------------------

def a1(machine):
    for user in (False, True):
        for offset in (0, 1, 2, 5, 64, 1023, 2048, 3000, 4080, PAGE - len(INTO) - 3):
            for more in (0, WRITE, GLOBAL):
                machine.code(at(offset, INTO + VMFUNC + COME_BACK)[:PAGE], COME_BACK)
                page_to_attack(machine, LAUNCHER, CODE, user, more)
                page_to_attack(machine, LAUNCHER + 1, CODE + PAGE, user, more)
                machine.stack()
                yield machine.run(ATTACK + LAUNCHER * PAGE + offset, cs=USER_64 if user else CODE_64,
                                  ss=USER_DATA if user else DATA)


def a2(machine):
    page_to_attack(machine, LAUNCHER, CODE, True)
    cases = [(0, index) for index in range(1, 520)] + [(0, 1 << bit) for bit in range(10, 32)] + [(0, 0xFFFFFFFF)]
    cases += [(leaf, index) for leaf in range(1, 64) for index in (0, 1)]
    cases += [(leaf, index) for leaf in (64, 65, 255, 256, 0x10000, 0x80000000, 0xFFFFFFFF) for index in (0, 1, 2)]
    for leaf, index in cases:
        machine.code(b"\xb8" + u32(leaf) + b"\xb9" + u32(index) + VMFUNC + COME_BACK)
        user = index % 2 == 0
        page_to_attack(machine, LAUNCHER, CODE, user)
        machine.stack()
        yield machine.run(ATTACK + LAUNCHER * PAGE, cs=USER_64 if user else CODE_64, ss=USER_DATA if user else DATA)


def a7(machine):
    """In operands of harmless instructions, entered in the middle; and split between two pages."""
    hosts = [b"\xb8" + VMFUNC + b"\x90", b"\x48\xb8" + b"\x90\x90" + VMFUNC + b"\x90\x90\x90", b"\x68" + b"\x90" + VMFUNC,
             b"\x81\xc7" + VMFUNC + b"\x90", b"\xe9" + b"\x90" + VMFUNC, b"\x0f\x1f\x84\x00" + VMFUNC + b"\x90"]
    for user in (False, True):
        for host in hosts:
            inner = host.index(VMFUNC)
            for offset in (0, 100, PAGE - inner - 3, PAGE - inner - 2, PAGE - inner - 1):
                code = at(offset, host + COME_BACK)
                machine.code(code[:PAGE], code[PAGE:] or COME_BACK)
                page_to_attack(machine, LAUNCHER, CODE, user)
                page_to_attack(machine, LAUNCHER + 1, CODE + PAGE, user)
                machine.stack()
                yield machine.run(ATTACK + LAUNCHER * PAGE + offset + inner, {"rcx": 1}, cs=USER_64 if user else CODE_64,
                                  ss=USER_DATA if user else DATA)


def a8(machine):
    """An instruction that begins in the attacker's page and ends in the gate's."""
    beginnings = [b"\x0f", b"\x0f\x01", b"\x66", b"\xf2", b"\xf3", b"\x48", b"\x4f", b"\x66\x48", b"\xe8", b"\xe9", b"\xb8", b"\x48\xb8", b"\x0f\xba",
                  b"\xff", b"\xc7", b"\x48\xc7\x04", b"\xf0", b"\xf0\x0f", b"\xc5", b"\x62", b"\x65\x48", b"\xeb", b"\x75", b"\x3d"]
    root = machine.own_tables()
    generator = seeded("a8")
    for target in (machine.g1, machine.g1 + PAGE):
        for beginning in beginnings:
            for switch in (b"", INTO + VMFUNC):
                code = switch + beginning
                machine.code(at(PAGE - len(code), code))
                page_to_attack(machine, LAUNCHER, CODE)
                page_to_attack(machine, LAUNCHER + 1, target)
                machine.stack()
                yield machine.run(ATTACK + (LAUNCHER + 1) * PAGE - len(code), hostile_registers(machine, generator), seconds=5)
    machine.gate_page(0, CODE | PRESENT)   # the page before G2, at its own address
    machine.gate_page(1, machine.g1 + PAGE | PRESENT)
    for beginning in beginnings:
        code = INTO + VMFUNC + beginning
        machine.code(at(PAGE - len(code), code))
        machine.stack()
        yield machine.run(machine.gate + PAGE - len(code), hostile_registers(machine, generator), cr3=root, seconds=5)


# ---- A3: the gate's addresses show something else ------------------------------------------------------

def a3(machine):
    generator = seeded("a3")
    copy = CODE
    own = INTO + VMFUNC + COME_BACK
    for first in ("gate", "copy", "inner", "own", "none"):
        for second in ("inner", "gate", "own", "copy", "none"):
            for entry in ("fentry", "callStub"):
                for attempt in range(3):
                    root = machine.own_tables()
                    g1 = bytes(machine.region[machine.segments["gate"]["offset"]:machine.segments["gate"]["offset"] + PAGE]) \
                        if "gate" in machine.segments else bytes(machine.region[machine.layout["segments"][0]["offset"]:][:PAGE])
                    machine.code(g1, own)
                    pages = {"gate": machine.g1, "copy": copy, "inner": machine.g1 + PAGE, "own": CODE + PAGE}
                    for page, what in enumerate((first, second)):
                        machine.gate_page(page, pages[what] | PRESENT if what != "none" else 0)
                    machine.stack()
                    yield machine.run(machine.layout[entry], hostile_registers(machine, generator) if attempt else {}, cr3=root, seconds=5)


# ---- A5: every byte of the gate page, in both views, and of G2 where it must not be ---------------------

def a5(machine):
    generator = seeded("a5")
    for offset in range(PAGE):            # normal view
        machine.stack()
        yield machine.run(machine.gate + offset, hostile_registers(machine, generator), seconds=2)
    root = machine.own_tables()
    machine.gate_page(1, machine.g1 + PAGE | PRESENT)
    for offset in range(PAGE):            # G2 from the normal view: it is not there
        machine.stack()
        yield machine.run(machine.gate + PAGE + offset, hostile_registers(machine, generator), cr3=root, seconds=2)
    exit_at = machine.pristine[machine.layout["segments"][1]["offset"]:][:PAGE].index(VMFUNC)
    for offset in list(range(0, PAGE, 5)) + list(range(exit_at - 16, exit_at + 16)):  # SIM view
        for _ in range(20 if abs(offset - exit_at) < 4 else 1):
            yield land(machine, machine.g1, offset, {}, generator)


# ---- A6: calls that no hook made --------------------------------------------------------------------------

def a6(machine):
    generator = seeded("a6")
    for i in range(3000):
        addresses = (RETURN_ADDRESS, RETURN_ADDRESS + generator.randrange(-64, 64), generator.getrandbits(64), 0, 1, hostile(machine, generator))
        machine.stack(addresses[i % 6] if i % 12 < 6 else BACK)
        registers = hostile_registers(machine, generator)
        yield machine.run(machine.layout[("fentry", "callStub")[i % 2]], registers, rsp=STACK, seconds=5)


# ---- A9: 32-bit and 16-bit code ---------------------------------------------------------------------------

def a9(machine):
    generator = seeded("a9")
    code_end = inner_code_end(machine)
    for segment in (CODE_32, CODE_16):
        for offset in offsets_of_inner(machine, 13):
            for _ in range(4 if offset < code_end else 1):
                yield land(machine, machine.g1 + PAGE, offset, {}, generator, segment)


def a9_entry(machine):
    """G2's first byte from 32-bit code; the weakened gate gets as far as another CR3."""
    return land(machine, machine.g1 + PAGE, 0, {}, seeded("a9"), CODE_32)


# ---- A10: control bits -------------------------------------------------------------------------------------

def a10(machine):
    for case in range(8):
        yield clear_control(machine, case)
    # a guest of the guest's own, in which the kernel's hooks could be others, and whose end loads control registers from memory
    efer = b"\xb9" + u32(0xC0000080) + b"\x0f\x32"
    svme = efer + b"\x0d" + u32(1 << 12) + b"\x0f\x30" + efer + b"\x0f\xba\xe0\x0c" + b"\x73" + bytes([len(MARK)])  # bt; jnc behind the mark
    for code in (svme, b"\x0f\x01\xd8", b"\xb8" + u32(STACK_PAGES) + b"\xf3\x0f\xc7\x30"):   # EFER.SVME; vmrun; vmxon
        machine.code(code + MARK + GO_BACK)
        page_to_attack(machine, LAUNCHER, CODE)
        machine.stack()
        outcome = machine.run(ATTACK + LAUNCHER * PAGE)
        if machine.get(MARKER):
            outcome.gained = "the guest may have guests"
        yield outcome


def clear_control(machine, case):
    """Each in turn: CR0.WP, CR0.PG, CR4.PAE, CR4.SMEP, CR4.SMAP, EFER.NXE, EFER.LME; all that CR4 has at once."""
    def crn(number, bits):
        mov_from = b"\x0f\x20" + bytes([0xC0 | number << 3])
        mov_to = b"\x0f\x22" + bytes([0xC0 | number << 3])
        return mov_from + b"\x48\x25" + u32(~bits) + mov_to       # and imm32, %rax
    def efer(bits):
        return b"\xb9" + u32(0xC0000080) + b"\x0f\x32\x25" + u32(~bits) + b"\x0f\x30"
    code = (crn(0, 1 << 16), crn(0, 1 << 31), crn(4, 1 << 5), crn(4, 1 << 20), crn(4, 1 << 21), efer(1 << 11), efer(1 << 8),
            crn(4, 3 << 20))[case]
    machine.code(code + MARK + GO_BACK)
    page_to_attack(machine, LAUNCHER, CODE)
    machine.stack()
    return machine.run(ATTACK + LAUNCHER * PAGE)


# ---- A12, A13: exceptions and traps at the switch ------------------------------------------------------------

def a12(machine):
    """The first fetch in the SIM view fails: nothing there, not executable, of the other ring, reserved bits, an address that is none."""
    nothing = (0, machine.g1 + PAGE | PRESENT | NX, CODE | PRESENT | NX, CODE | PRESENT | USER, CODE | PRESENT | 1 << 51, machine.g1 | PRESENT | NX)
    for entry in nothing:
        for user in (False, True):
            for stack in (STACK, machine.hidden[0]["gpa"], machine.g1, 1 << 63, 8):
                machine.code(at(PAGE - len(INTO) - 3, INTO + VMFUNC))
                page_to_attack(machine, LAUNCHER, CODE, user)
                machine.attack_page(LAUNCHER + 1, entry)
                machine.stack()
                yield machine.run(ATTACK + (LAUNCHER + 1) * PAGE - len(INTO) - 3, cs=USER_64 if user else CODE_64,
                                  ss=USER_DATA if user else DATA, rsp=stack)
    for vector_code in (b"\xcc", b"\x0f\x0b", b"\xcd\x03", b"\xf4", b"\xcd\x80"):  # and code that would raise one itself
        machine.code(INTO + VMFUNC + vector_code + GO_BACK)
        page_to_attack(machine, LAUNCHER, CODE)
        machine.stack()
        yield machine.run(ATTACK + LAUNCHER * PAGE)


def a13(machine):
    generator = seeded("a13")
    # the trap flag, set right before the switch
    for flags in (0x102, 0x10102, 0x40102, 0x4102, 0x502):
        code = b"\x68" + u32(flags) + INTO + b"\x9d" + VMFUNC  # push; eax, ecx; popfq
        machine.code(at(PAGE - len(code), code))
        page_to_attack(machine, LAUNCHER, CODE)
        page_to_attack(machine, LAUNCHER + 1, machine.g1 + PAGE)
        machine.stack()
        yield machine.run(ATTACK + (LAUNCHER + 1) * PAGE - len(code))
        machine.stack()
        yield machine.run(machine.layout["fentry"], rflags=flags)
    # breakpoints on code: every byte of G2's code, and the gate page's own
    for offset in list(range(PAGE, PAGE + inner_code_end(machine))) + list(range(0, 512, 2)) + list(range(PAGE - 64, PAGE)):
        machine.stack()
        yield machine.run(machine.layout["fentry"], hostile_registers(machine, generator), dr=(machine.gate + offset, 0x402), seconds=5)
    # on data: the guest's stack, the hidden memory, by read and write, of each length
    for address in [STACK - 8 * i for i in range(1, 6)] + [s["virtual"] for s in machine.hidden if s["virtual"]] + \
            [machine.segments["stacks"]["virtual"] + 20480 - 16 - 8 * i for i in range(12)]:
        for kind in (0x10002, 0x30002, 0xD0002, 0xF0002, 0x90002):
            machine.stack()
            yield machine.run(machine.layout["fentry"], dr=(address, kind | 0x400), seconds=5)


def frame_to_hidden_memory(machine):
    """For the control: the stack of exceptions is hidden memory, of which only the SIM view has more than ones."""
    machine.attack_page(0x20, machine.segments["ring"]["gpa"] + PAGE | PRESENT | WRITE)
    machine.put(EXCEPTION_STACK, ATTACK + 0x20 * PAGE + PAGE // 2)


def breakpoint_frame(machine):
    """For the control of A13: a breakpoint on G2's first byte, before it has loaded a CR3."""
    frame_to_hidden_memory(machine)
    machine.stack()
    return machine.run(machine.layout["fentry"], dr=(machine.gate + PAGE, 0x402))


# ---- A4, A27: VMFUNC with tables that change under it ---------------------------------------------------------

def land(machine, physical, offset, registers, generator, segment=CODE_64, root=None, warm=True, at_gate=False, rsp=STACK,
         storm=False, pcid=None, into=None, last=b"", **run):
    """
    Goes on at a byte of a page in the SIM view: VMFUNC ends right before that offset in a page of the attacker's, whose table entry
    was turned to `physical` without INVLPG. `at_gate`: at the address that G2 has in the monitor's tables, too. `pcid`, at the gate's address: with
    that PCID, whose translations the load of CR3 keeps. `into`: what loads eax and ecx; `last`: what is executed
    right before VMFUNC.
    """
    if machine.skipping:
        return Outcome("skipped")
    if at_gate:
        root, entry_at, virtual = root or machine.own_tables(), machine.gate_page_entry(1), machine.gate + PAGE
        machine.gate_page(1, CODE + PAGE | PRESENT)
    else:
        entry_at, virtual = ATTACK_TABLE + SWAPPED * 8, ATTACK + SWAPPED * PAGE
        page_to_attack(machine, SWAPPED, CODE + PAGE)
    page_to_attack(machine, LAUNCHER, CODE)
    new = physical | PRESENT
    absolute = {CODE_64: b"\xc7\x04\x25", CODE_32: b"\xc7\x05", CODE_16: b"\x66\x67\xc7\x05"}[segment]
    swap = absolute + u32(entry_at) + u32(new) + absolute + u32(entry_at + 4) + u32(new >> 32)
    into = into or (INTO if segment != CODE_16 else b"\x66\x31\xc0\x66\xb9\x01\0\0\0")
    full = {"rax": 0, "rcx": 1}
    values = hostile_registers(machine, generator)
    values.update(registers)
    values.update(full)
    if segment != CODE_64:
        values = {name: value & 0xFFFFFFFF for name, value in values.items()}
    machine.stack(*[hostile(machine, generator) if i % 3 == 2 else BACK for i in range(24)])
    if at_gate:
        code, page = b"", bytearray(at(offset - 3, VMFUNC)[:PAGE].ljust(PAGE, b"\xcc"))
        if pcid is not None:
            # CR4.PCIDE; CR3 with bit 63 (Intel SDM, volume 3, "Process-Context Identifiers")
            code += b"\x0f\x20\xe0\x48\x0d" + u32(1 << 17) + b"\x0f\x22\xe0" + to_rax(root | pcid | 1 << 63) + b"\x0f\x22\xd8\x31\xc0"
        if warm:
            # Read, and executed: a CPU may have a TLB for each.
            code += b"\xa0" + u64(virtual) + b"\x31\xc0"  # movabs (page), %al; xor %eax, %eax
            there = 0 if offset > PAGE // 2 else PAGE - len(jump(0))
            code += jump(virtual + there)
            page[there:there + len(jump(0))] = jump(ATTACK + LAUNCHER * PAGE + len(code))
        machine.code(code + swap + jump(virtual + offset - 3), bytes(page))
        return machine.run(ATTACK + LAUNCHER * PAGE, values, cr3=root, seconds=20, rsp=rsp, storm=storm)
    start = offset - len(into + swap + last + VMFUNC)
    both = at(PAGE + start, into + swap + last + VMFUNC)
    machine.code(both[:PAGE], both[PAGE:])
    return machine.run(ATTACK + SWAPPED * PAGE + start, values, cs=segment, cr3=root or KERNEL_ROOT,
                       rsp=rsp, storm=storm, **{"seconds": 20, **run})


def inner_code_end(machine):
    page = machine.pristine[machine.inner_offset:machine.inner_offset + PAGE]
    return len(page.rstrip(b"\xcc")) + 1


def offsets_of_inner(machine, step):
    """Every byte of G2's code, and some of the int3 behind it."""
    end = inner_code_end(machine)
    return list(range(end)) + list(range(end, PAGE, step))


def a4(machine):
    """With page tables that show RAM, or a page of the gate, at every address that the monitor could have."""
    generator = seeded("a4")
    for everywhere in (EVERY | PRESENT | WRITE, machine.g1 | PRESENT, machine.g1 + PAGE | PRESENT, machine.g1 | PRESENT | WRITE):
        for at_gate in (False, True):
            for offset in range(3 if at_gate else 0, inner_code_end(machine)):
                root = machine.own_tables(everywhere)
                machine.put(EVERY, *[(0, BACK, 0xFFFFFFFFFFFFFFFE)[offset % 3]] * 512)
                yield land(machine, machine.g1 + PAGE, offset, {}, generator, root=root, at_gate=at_gate)
    # every stack that it can find is taken: the search ends
    root = machine.own_tables(EVERY | PRESENT | WRITE)
    machine.put(EVERY, *[0xFFFFFFFFFFFFFFFF] * 512)
    yield land(machine, machine.g1 + PAGE, 0x17, {}, generator, root=root, at_gate=True)


def a27(machine):
    generator = seeded("a27")
    end = inner_code_end(machine)
    for offset in range(PAGE):            # G2, every byte, at an address of the attacker's
        for _ in range(6 if offset < end else 1):
            yield land(machine, machine.g1 + PAGE, offset, {}, generator)
    for offset in offsets_of_inner(machine, 7)[3:]:  # and at G2's own
        for _ in range(6 if offset < end else 1):
            yield land(machine, machine.g1 + PAGE, offset, {}, generator, at_gate=True)
    for offset in range(3, end):          # nothing in the TLB
        yield land(machine, machine.g1 + PAGE, offset, {}, generator, at_gate=True, warm=False)
    for offset in range(3, end):          # global entries
        yield land(machine, machine.g1 + PAGE | GLOBAL, offset, {}, generator, at_gate=True)
    for at_page, code in ((0xE00, b"\xf4"), (0xE10, b"\x0f\x01\xc9")):  # what an address in G2 may hold by chance: hlt, mwait
        before = machine.poke(machine.inner_offset + at_page, code)
        yield land(machine, machine.g1 + PAGE, at_page, {}, generator)
        machine.poke(machine.inner_offset + at_page, before)
    for _ in range(300):                  # a guess at the monitor's pages
        guess = AREA + generator.randrange(AREA // PAGE) * PAGE
        yield land(machine, guess, generator.randrange(3, PAGE), {}, generator)
    for _ in range(100):                  # guest RAM, its tables, its stack
        yield land(machine, generator.choice((CODE, STACK_PAGES, KERNEL_ROOT, ATTACK_TABLE, EVERY)), generator.randrange(3, PAGE), {}, generator)


def a27b(machine):
    """With PCIDs: the guest's own, the one that the SIM CR3 has, others; the page global or not; in the TLB or not."""
    generator = seeded("a27b")
    end = inner_code_end(machine)
    for offset in range(3, end):
        for pcid in (0, 1, 0xFFF):
            for entry, warm in ((0, True), (GLOBAL, True), (0, False)):
                outcome = land(machine, machine.g1 + PAGE | entry, offset, {}, generator, at_gate=True, warm=warm, pcid=pcid)
                if outcome.kind == "exception" and outcome.vector == 13 and outcome.rip >> 12 == (ATTACK >> 12) + LAUNCHER:
                    outcome.kind = "no PCID"          # of a CPU that has none
                yield outcome


def read_through_the_gate(machine):
    """For the control of A4 and A27: the way out's pops, with the attacker's tables, his stack on hidden memory that he knows."""
    target = machine.segments["SIM page tables"]
    root = machine.own_tables()
    machine.attack_page(0x20, target["gpa"] | PRESENT | WRITE)
    pops = machine.pristine.index(b"\x5f\x5e\x5a\x41\x5a", machine.inner_offset) - machine.inner_offset
    # rax is 0 and rcx 1 after VMFUNC: the way out takes 0 for the stack, and 1 for a CR3. Both are the attacker's page 0.
    machine.ram[0:PAGE] = machine.ram[root:root + PAGE]
    machine.put(16, 2, BACK)                            # of the stack: flags, and where ret goes
    words = struct.unpack_from("<480Q", machine.pristine, target["offset"])
    first = next(i for i, word in enumerate(words) if word)
    return land(machine, machine.g1 + PAGE, pops, {}, seeded("control"), root=root, at_gate=True,
                rsp=ATTACK + 0x20 * PAGE + first * 8)


# ---- A24: guesses ------------------------------------------------------------------------------------------------

def a24(machine):
    """Reads, writes and jumps in the area, by someone who guesses; and by someone who guesses right."""
    generator = seeded("a24")
    pages = [AREA + generator.randrange(AREA // PAGE) * PAGE for _ in range(300)]
    pages += [s["gpa"] + at_page for s in machine.hidden for at_page in range(0, min(s["size"], 4 * PAGE), PAGE)] + [machine.g1 + PAGE]
    page_to_attack(machine, LAUNCHER, CODE)
    for physical in pages:
        machine.attack_page(0x20, physical | PRESENT | WRITE)
        where = ATTACK + 0x20 * PAGE + generator.randrange(PAGE // 8) * 8
        for code in (read_to_rdi(where), b"\x48\xc7\x04\x25" + u32(where) + u32(0x6B6F6F74), b"\xf0\x48\xff\x04\x25" + u32(where)):
            machine.code(code + GO_BACK)
            machine.stack()
            outcome = machine.run(ATTACK + LAUNCHER * PAGE)
            if not machine.probes():
                outcome.kind = "unreported"
            yield outcome
        machine.stack()
        yield machine.run(where)
        machine.probes()


def show_to_the_guest(machine):
    """For the control of A24: hidden memory that the normal view shows."""
    target = next(i for i, s in enumerate(machine.layout["segments"]) if s["name"].startswith("core r--"))
    struct.pack_into("<I", machine.region, 56 + target * 32 + 24, 1)


def read_hidden(machine):
    target = next(s for s in machine.hidden if s["name"].startswith("core r--"))
    page_to_attack(machine, LAUNCHER, CODE)
    machine.attack_page(0x20, target["gpa"] | PRESENT)
    machine.code(read_to_rdi(ATTACK + 0x20 * PAGE) + GO_BACK)
    machine.stack()
    return machine.run(ATTACK + LAUNCHER * PAGE)


# ---- controls of A5, A6 -------------------------------------------------------------------------------------------

def same_page_in_both_views(machine):
    """R2 off: the SIM view's gate page is the normal view's."""
    normal, sim = machine.layout["segments"][0]["offset"], machine.layout["segments"][1]["offset"]
    machine.region[sim:sim + PAGE] = machine.region[normal:normal + PAGE]


def second_entry(machine):
    """
    Jumps to the exit VMFUNC with ecx = 1, and lets what follows pop hidden memory, then leaves through the entry VMFUNC into a page of
    his own.
    """
    target = machine.segments["SIM page tables"]
    page = machine.pristine[machine.layout["segments"][1]["offset"]:][:PAGE]
    exit_at = page.index(VMFUNC)
    root = machine.own_tables()
    machine.gate_page(1, CODE + PAGE | PRESENT)
    machine.attack_page(0x20, target["gpa"] | PRESENT | WRITE)
    machine.attack_page(0x21, STACK_PAGES | PRESENT | WRITE)
    machine.code(b"\x90", GO_BACK)
    machine.put(STACK_PAGES, 0, 2, machine.gate + PAGE - 3, BACK)  # rax, flags, where ret goes
    return machine.run(machine.gate + exit_at, {"rcx": 1, "r10": 0}, cr3=root, rsp=ATTACK + 0x21 * PAGE - 8)


def plain_call(machine):
    machine.stack()
    return machine.run(machine.layout["fentry"])
