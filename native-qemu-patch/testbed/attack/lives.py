# SPDX-License-Identifier: GPL-2.0-or-later
"""
Attacks on what changes while a guest runs: what was sealed meanwhile (A17), resets, saving and migration (A21), and the CPU's other mode, SMM (A25).
"""
import struct
import time

from assembly import (
    COME_BACK, GO_BACK, GO_BACK_2, INTO, LAPIC, LAUNCHER, MARK, SMI, TO_FIRST, TO_SELF, VMFUNC, configure, jump, jump_over, output, page_to_attack, program,
    read_to_rdi, second_program, to_rax, u32, u64, until, write32)
from devices import POWER, accesses
from machine import (
    ANSWER, ASKS, ATTACK, BACK_2, BOOTS, CALLS, CODE, GLOBAL, KERNEL_ROOT, LARGE, MARKER, PAGE, PRESENT, REQUEST, REQUEST_2, STACK, STACK_PAGES,
    STATE, WRITE, Outcome, seeded)

VICTIM = 0x750000
ASK = b"\xc6\x04\x25" + u32(ASKS) + b"\x01" + b"\xf3\x90\x80\x3c\x25" + u32(ANSWER) + b"\0\x74\xf4"   # movb $1, ASKS; 1: pause; cmpb; je 1b
WRITES = ("movb to", "movw to", "movl to", "movq to", "movnti", "movdqu to", "xchg", "lock xadd", "lock or", "lock bts", "cmpxchg", "cmpxchg16b", "stosq",
          "rep stosb", "rep movsb to", "movs from a device", "insb", "rep insl", "fxsave", "fnstenv", "sgdt", "popq to", "push", "call on", "enter")


# ---- A17: sealed while translations are in the TLB -----------------------------------------------------------------

def write_when_sealed(machine, name, warm, entry=0, second=False, more=(), seal=True, offset=0x200):
    """
    Touches a page so that its translation is there (`warm`: reads, writes, or executes it), has the host seal it, and writes. `entry`: more bits of
    the page's table entry; `second`: on the other CPU.
    """
    machine.ram[VICTIM:VICTIM + PAGE] = b"\xc3" * PAGE
    large = entry & LARGE
    if large:
        machine.put(0x212000 + 16, VICTIM & ~0x1FFFFF | entry | PRESENT | WRITE)
        address = ATTACK + (4 << 20) + (VICTIM & 0x1FFFFF)
    else:
        machine.attack_page(0x30, VICTIM | entry | PRESENT | WRITE)
        address = ATTACK + 0x30 * PAGE
    touch = {"read": to_rax(address) + b"\x8a\x10", "write": to_rax(address) + b"\xc6\x00\xc3", "execute": to_rax(address) + b"\xff\xd0"}
    code = dict(accesses(address + offset, ATTACK + 0x31 * PAGE))[name]
    page_to_attack(machine, 0x31, VICTIM + PAGE, more=WRITE)
    whole = b"".join(touch[one] for one in warm) + ASK + code
    machine.stack()
    machine.put(ASKS, 0, 0)

    def answer(machine):
        if machine.ram[ASKS] == 1:
            machine.ram[ASKS] = 2
            if seal:
                machine.seal_page(VICTIM, 0, PAGE, *more)
            machine.ram[ANSWER] = 1
    before = machine.command("query-sim")["violations"]
    if second:
        end = b"\xbc" + u32(STACK)
        machine.start_second(second_program(machine, whole + end + GO_BACK_2), {"rdx": 0x41})
        outcome = machine.run(program(machine, b"\xf3\x90\x80\x3c\x25" + u32(ANSWER) + b"\0\x74\xf4" + GO_BACK), during=answer)
        if not machine.until(lambda: machine.dirty or machine.get(REQUEST_2 + STATE) != 1):
            outcome.kind, machine.dirty = "loops", True
    else:
        outcome = machine.run(program(machine, whole + b"\xbc" + u32(STACK) + GO_BACK), {"rdx": 0x41}, during=answer)
    if machine.ram[VICTIM:VICTIM + PAGE] != b"\xc3" * PAGE:
        outcome.gained = "a sealed page was written by %s" % name
    elif seal and outcome.kind != "loops" and machine.command("query-sim")["violations"] == before:
        # KVM does not emulate every instruction: the vCPU stays at one that it does not, and nothing is written.
        outcome.kind = "unreported"
    machine.put(0x212000 + 16, 0)
    return outcome


def a17(machine):
    for name in WRITES:
        for warm in (("read",), ("write",), ("read", "write", "execute")):
            yield write_when_sealed(machine, name, warm)
            yield write_when_sealed(machine, name, warm, second=True)
    for name in ("movb to", "movq to", "xchg", "rep movsb to"):
        for entry in (GLOBAL, LARGE, LARGE | GLOBAL):
            for second in (False, True):
                yield write_when_sealed(machine, name, ("write",), entry, second)
        # sealed anew, with another page
        yield write_when_sealed(machine, name, ("write",), more=((VICTIM + 2 * PAGE, 0, 16),))
    for name in ("movq to", "movdqu to"):               # the last bytes of the page before go along
        yield write_when_sealed(machine, name, ("write",), offset=PAGE - 16)


def write_what_is_not_sealed(machine):
    return write_when_sealed(machine, "movq to", ("write",), seal=False)


# ---- A21: reset, saving, migration -----------------------------------------------------------------------------------

def what_is_left(machine):
    """After a reset the views are gone: VMFUNC is no instruction, or leads where nothing may be executed; and nothing is where the region was."""
    info = machine.command("query-sim")
    outcome = Outcome("returned")
    if info["state"] != "waiting" or info["controls-pinned"]:
        outcome.gained = "the region device did not forget: %s" % info["state"]
        return outcome
    machine.stack()
    outcome = machine.run(program(machine, INTO + VMFUNC + COME_BACK), seconds=10)
    if outcome.kind == "stopped" and outcome.violation["kind"] == "execute" and not machine.get(MARKER):
        return outcome  # KVM, where it is an instruction even so
    if outcome.kind != "exception" or outcome.vector != 6:
        outcome.gained = "VMFUNC was carried out"
        return outcome
    for segment in machine.layout["segments"]:
        machine.attack_page(0x20, segment["gpa"] | PRESENT)
        machine.stack()
        outcome = machine.run(program(machine, read_to_rdi(ATTACK + 0x20 * PAGE) + GO_BACK), seconds=10)
        if outcome.kind != "returned" or outcome.registers["rdi"] != (1 << 64) - 1:
            outcome.gained = "the region's %s is still there" % segment["name"]
            return outcome
    return outcome


GUEST_RESETS = {"port 0xcf9": output(0xCF9, 2, 1) + output(0xCF9, 6, 1), "keyboard controller": output(0x64, 0xFE, 1), "port 0x92": output(0x92, 1, 1),
                "triple fault": b"\x6a\0\x6a\0\x0f\x01\x1c\x24\xcc", "CR3 with nothing": b"\xb8\0\0\0\x01\x0f\x22\xd8"}


def reset_in_calls(machine, generator, code):
    """Both CPUs call the gate without end; then the machine is reset: by the host, or by the first CPU's code, in one of a guest's ways."""
    machine.stack()
    machine.start_second(CALLS, machine.calls("callStub", 1 << 40, 0, BACK_2))
    for block in machine.blocks():
        machine.put(block + BOOTS, 0)
    if code is None:
        machine.start(CALLS, machine.calls("fentry", 1 << 40))
        time.sleep(generator.random() * 0.02)
        machine.reset(arm=False)
    else:
        outcome = machine.run(program(machine, code), seconds=10)
        if outcome.kind != "reset":
            return outcome
        machine.events.clear()
        if not machine.until(lambda: all(machine.get(block + BOOTS) and machine.get(block + STATE) == 0 for block in machine.blocks()), 20):
            raise RuntimeError("the machine does not come up after the guest's reset")
        machine.dirty = False
    outcome = what_is_left(machine)
    machine.reset()
    return outcome


def a21(machine):
    generator = seeded("a21")
    for _ in range(20):
        yield reset_in_calls(machine, generator, None)
    for code in list(GUEST_RESETS.values()) * 3:
        yield reset_in_calls(machine, generator, code)
    # a CPU that is sent INIT by itself begins anew, and the views are still there, and their rules
    for code in (INTO + VMFUNC + COME_BACK, b""):
        machine.put(REQUEST + BOOTS, 0)
        machine.put(REQUEST_2 + BOOTS, 0)
        machine.run(program(machine, write32(LAPIC + 0x310, 0) + write32(LAPIC + 0x300, 0x4500) + b"\xf4\xeb\xfe"), seconds=0.5)
        machine.dirty = False
        machine.command("cont")
        if machine.until(lambda: machine.get(REQUEST + BOOTS) and machine.get(REQUEST + STATE) == 0, 5):
            machine.stack()
            yield machine.run(program(machine, code), seconds=10) if code else machine.run(CALLS, machine.calls("fentry", 10, 1))
        machine.reset()
    # saved, or sent away
    for way in ("migrate", "savevm", "snapshot"):
        outcome = Outcome("skipped" if machine.skipping else "returned")
        try:
            if way == "migrate":
                machine.command("migrate", uri="exec:cat >%s/saved" % machine.folder)
                outcome.gained = "it was migrated"
            elif way == "savevm":
                said = machine.command("human-monitor-command", **{"command-line": "savevm one"})
                if "rror" not in said:
                    outcome.gained = "it was saved: %s" % said
            else:
                machine.command("migrate", uri="file:%s/saved" % machine.folder)
                outcome.gained = "it was migrated to a file"
        except RuntimeError as refused:
            if "sim" not in str(refused).lower() and "region" not in str(refused).lower():
                outcome.gained = "the refusal names no reason: %s" % refused
        yield outcome
        machine.stack()
        yield machine.run(CALLS, machine.calls("fentry", 10, 1))


def no_reset(machine):
    """For the control of A21: the same questions to a machine that was not reset."""
    return what_is_left(machine)


# ---- A25: SMM -------------------------------------------------------------------------------------------------------

SMM_STAGING, SMM_CODE, SMM_STATE, COUNTED = 0x770000, 0x38000, 0x3FE00, 0xE300
RSM = b"\x0f\xaa"
RAISE = (write32(LAPIC + 0x300, SMI | TO_SELF), configure(POWER, 0x5B, 2, 1) + output(0xB2, 1, 1))


def real(address, code):
    """For code that SMM begins with, 16-bit with flat segments: an instruction with a 32-bit operand and a 32-bit address in ds."""
    return b"\x66\x67" + code + u32(address)


def smm(machine, handler):
    """Puts code where SMM begins; the guest does, so that translated code is noticed."""
    machine.ram[SMM_STAGING:SMM_STAGING + PAGE] = handler.ljust(PAGE, b"\xf4")
    copy = b"\xbe" + u32(SMM_STAGING) + b"\xbf" + u32(SMM_CODE) + b"\xb9" + u32(PAGE) + b"\xfc\xf3\xa4"
    machine.run(program(machine, copy + GO_BACK))
    machine.ram[SMM_STATE - 0x200:0x40000] = bytes(0x400)
    machine.put(COUNTED, 0)


def save_area(machine, outcome):
    for value in struct.unpack_from("<64Q", machine.ram, SMM_STATE):
        if machine.secret(value):
            outcome.gained = "%#x of the monitor's in SMM's save area" % value
    return outcome


COUNT = real(COUNTED, b"\xff\x05")                    # incl COUNTED


def a25(machine):
    """The guest's own SMM: SMIs in calls, VMFUNC and reads there, and an RSM that loads control registers without what is pinned."""
    for entry in ("fentry", "callStub"):
        for command in (SMI | TO_FIRST, SMI | 0x80000):  # to the first; to all
            smm(machine, COUNT + RSM)
            send = write32(LAPIC + 0x310, 0) + write32(LAPIC + 0x300, command)
            machine.stack()
            if command & 0x80000:
                send += b"\xb9" + u32(5000) + b"\xf3\x90\xff\xc9\x75\xfa"
            machine.start_second(second_program(machine, until(send) + GO_BACK_2))
            registers = machine.calls(entry, 2000, 0x1234)
            outcome = machine.run(CALLS, registers, seconds=60)
            machine.stop_second()
            if outcome.kind == "returned" and not machine.get(COUNTED):
                outcome.kind = "no storm"
            yield save_area(machine, outcome)
    for raised in RAISE:
        smm(machine, COUNT + RSM)
        machine.stack()
        outcome = machine.run(program(machine, raised + jump(CALLS)), machine.calls("fentry", 10, 1))
        if outcome.kind == "returned" and machine.get(COUNTED) != 1:
            outcome.kind = "no SMI"
        yield save_area(machine, outcome)
    # VMFUNC there, with either index
    for index in (0, 1, 2):
        smm(machine, b"\x66\x31\xc0\x66\xb9" + u32(index) + VMFUNC + RSM)
        machine.stack()
        yield machine.run(program(machine, RAISE[0] + GO_BACK), seconds=10)
    # reads and writes of the region there, in long mode
    for segment in machine.layout["segments"]:
        for writes in (False, True):
            yield reach_from_smm(machine, segment["gpa"], writes)
    # RSM without a pinned bit
    for case in range(len(CLEARED)):
        yield clear_by_rsm(machine, case)
    # and into nowhere: the region's own tables, if he knew them, or another CR3 at the gate
    for name, offset, value in (("CR3", 0x7F50, machine.layout["simCr3"]), ("CR3", 0x7F50, 0x220000), ("RIP", 0x7F78, machine.gate + PAGE - 3),
                                ("RIP", 0x7F78, machine.gate + PAGE)):
        machine.own_tables()
        smm(machine, real(0x30000 + 0x8000 + offset, b"\xc7\x05") + u32(value) + real(0x38004 + offset, b"\xc7\x05") + u32(value >> 32) + RSM)
        machine.stack()
        yield machine.run(program(machine, RAISE[0] + GO_BACK), {"rcx": 1}, seconds=5)
        machine.reset()


def reach_from_smm(machine, gpa, writes):
    """Long mode within SMM, then an access to the region; what was read goes to the guest's stack."""
    machine.attack_page(0x20, gpa | PRESENT | WRITE)
    page_to_attack(machine, LAUNCHER + 1, CODE + PAGE)
    at_long = SMM_CODE + 0x200
    long = (write32(ATTACK + 0x20 * PAGE + 64, 0x41414141) if writes else read_to_rdi(ATTACK + 0x20 * PAGE) + b"\x48\xa3" + u64(STACK_PAGES)) + RSM
    handler = b"\x66\x0f\x01\x16" + struct.pack("<H", 0x8180)            # lgdtl, of this very segment
    handler = b"\x2e" + handler
    handler += b"\x66\x0f\x20\xe0\x66\x0d" + u32(0x20) + b"\x66\x0f\x22\xe0"        # CR4.PAE
    handler += b"\x66\xb8" + u32(KERNEL_ROOT) + b"\x66\x0f\x22\xd8"
    handler += b"\x66\xb9" + u32(0xC0000080) + b"\x66\xb8" + u32(0x900) + b"\x66\x31\xd2\x0f\x30"
    handler += b"\x66\x0f\x20\xc0\x66\x0d" + u32(0x80000001) + b"\x66\x0f\x22\xc0"
    handler += b"\x66\xea" + u32(at_long) + struct.pack("<H", 0x08)
    handler = handler.ljust(0x180, b"\xf4") + struct.pack("<HI", 0x5F, 0xB000)
    smm(machine, handler.ljust(0x200, b"\xf4") + long)
    machine.stack()
    machine.probes()
    outcome = machine.run(program(machine, RAISE[0] + GO_BACK), seconds=5)
    if outcome.kind == "returned" and not machine.probes() and gpa != machine.g1:
        outcome.kind = "unreported"
    return outcome


# Where SMM's save area has it (AMD's layout, which QEMU takes), which bits go, and how the guest sees that they have gone.
CLEARED = ((0x7F58, 16, b"\x0f\x20\xc0"), (0x7F48, 20, b"\x0f\x20\xe0"), (0x7F48, 21, b"\x0f\x20\xe0"), (0x7ED0, 11, b"\xb9" + u32(0xC0000080) + b"\x0f\x32"))


def clear_by_rsm(machine, case):
    """CR0.WP, CR4.SMEP, CR4.SMAP, EFER.NXE: a guest that sees the bit clear calls the gate, and has gained if that comes back."""
    offset, bit, read = CLEARED[case]
    smm(machine, real(0x38000 + offset, b"\x81\x25") + u32(~(1 << bit)) + RSM)
    machine.stack()
    seen = read + b"\x0f\xba\xe0" + bytes([bit])       # bt $bit, %eax
    code = RAISE[0] + b"\x90" * 64 + seen + jump_over(jump(CALLS), b"\x72") + GO_BACK
    where = program(machine, code.ljust(PAGE // 2, b"\xcc") + MARK + GO_BACK)
    return machine.run(where, machine.calls("fentry", 1, 0, where + PAGE // 2), seconds=5)


def clear_wp(machine):
    return clear_by_rsm(machine, 0)
