# SPDX-License-Identifier: GPL-2.0-or-later
"""
Attacks through devices: DMA that a guest points at the region (A16), every kind of access of a CPU to it, and windows of devices laid over it
(A18). The region's addresses are secret; these attacks know them all the same.
"""
import struct

from assembly import (
    COME_BACK, GO_BACK, INTO, LAPIC, VMFUNC, configure, jump, output, program, read_to_rdi, to_rax, u32, u64, write64)
from attacks import land
from machine import (
    AREA, ATTACK, CALLS, Outcome, PAGE, PRESENT, STACK, WRITE, seeded)

DEVICES = ("-device", "vmcoreinfo", "-device", "edu,addr=5,dma_mask=0xffffffffffffffff", "-device", "virtio-rng-pci,addr=6,disable-modern=on",
           "-object", "memory-backend-ram,id=window,size=2M", "-device", "ivshmem-plain,memdev=window,addr=7")
EDU, RANDOM, WINDOW, POWER = 5 << 3, 6 << 3, 7 << 3, 1 << 3 | 3
EDU_BASE, RANDOM_PORT, WINDOW_REGISTERS = 0xE0000000, 0xC000, 0xE0200000
DESCRIPTOR, BUFFER, RING = 0x710000, 0x711000, 0x720000
AVAILABLE, USED = 0x4000, 0x5000                       # of a ring of 1024 descriptors


def targets(machine):
    """Guest-physical addresses that are the region's, in either view, and one that is nothing's."""
    pages = [segment["gpa"] for segment in machine.layout["segments"]]
    pages += [segment["gpa"] + segment["size"] - PAGE for segment in machine.layout["segments"] if segment["size"] > PAGE]
    return sorted(set(pages)) + [AREA + 0x123456000]


def reported(machine, outcome, address):
    """An access that nobody is told of has gained something; the gate's page of the normal view may be read."""
    if outcome.kind == "returned" and not machine.probes() and address is not None:
        outcome.kind = "unreported"
    return outcome


def leaked(machine, outcome, start, size):
    """Whether words of the region's are in this memory of the guest's now."""
    public = machine.pristine[machine.layout["segments"][0]["offset"]:][:PAGE]
    for value in struct.unpack_from("<%dQ" % (size // 8), machine.ram, start):
        if machine.secret(value) and struct.pack("<Q", value) not in public:
            outcome.gained = "%#x of the monitor's came by DMA" % value
    return outcome


# ---- A16 -------------------------------------------------------------------------------------------------------

def firmware_dma(machine, control, length, address):
    """
    fw_cfg's DMA (docs/specs/fw_cfg.rst): a descriptor in memory, big-endian; its address goes to port 0x514, upper half first. A descriptor that
    lay in the region would read as ones: a transfer of 4 GiB.
    """
    machine.ram[DESCRIPTOR:DESCRIPTOR + 16] = struct.pack(">IIQ", control, length, address)
    swapped = struct.unpack("<II", struct.pack(">Q", DESCRIPTOR))
    machine.stack()
    return machine.run(program(machine, output(0x514, swapped[0], 4) + output(0x518, swapped[1], 4) + GO_BACK))


READ, SELECT, WRITE_FILE = 2, 8, 16


def file_key(machine, name):
    """The number of one of fw_cfg's files, from its directory (item 0x19)."""
    skipping, machine.skipping = machine.skipping, False
    firmware_dma(machine, 0x19 << 16 | SELECT | READ, 4, BUFFER)
    count = struct.unpack_from(">I", machine.ram, BUFFER)[0]
    firmware_dma(machine, 0x19 << 16 | SELECT | READ, 4 + count * 64, BUFFER)
    machine.skipping = skipping
    for i in range(count):
        _, key, _, file = struct.unpack_from(">IHH56s", machine.ram, BUFFER + 4 + i * 64)
        if file.rstrip(b"\0") == name:
            return key
    raise RuntimeError("fw_cfg has no file %s" % name)


def read_by_firmware(machine, key, address):
    """From an address into a file that the guest may write, and from there into RAM."""
    machine.ram[BUFFER:BUFFER + 16] = bytes(16)
    machine.probes()
    outcome = firmware_dma(machine, key << 16 | SELECT | WRITE_FILE, 16, address)
    if outcome.kind == "returned" and not machine.probes() and address & -PAGE != machine.g1:
        outcome.kind = "unreported"
    firmware_dma(machine, key << 16 | SELECT | READ, 16, BUFFER)
    return leaked(machine, outcome, BUFFER, 16)


def edu_dma(machine, source, destination, count, to_ram):
    """The educational device: a DMA engine with 4 KiB of its own at 0x40000; takes 100 ms."""
    code = configure(EDU, 0x10, EDU_BASE) + configure(EDU, 4, 6, 2)
    code += write64(EDU_BASE + 0x80, source) + write64(EDU_BASE + 0x88, destination) + write64(EDU_BASE + 0x90, count)
    code += write64(EDU_BASE + 0x98, 3 if to_ram else 1)
    code += to_rax(EDU_BASE + 0x98) + b"\xf3\x90\xf7\x00\x01\0\0\0\x75\xf6"  # 1: pause; testl $1, (%rax); jnz 1b
    machine.stack()
    return machine.run(program(machine, code + GO_BACK))


def random_numbers(machine, address, table=None, ring=RING):
    """A virtio device (legacy interface) whose descriptor, or whose table of descriptors, or whose whole ring lies at an address."""
    machine.ram[RING:RING + 8 * PAGE] = bytes(8 * PAGE)
    # one descriptor: address, length, flags (2: the device writes; 4: it is a table), next
    if table is None:
        struct.pack_into("<QIHH", machine.ram, RING, address, 64, 2, 0)
    else:
        struct.pack_into("<QIHH", machine.ram, RING, table, 16, 4, 0)
    struct.pack_into("<HHH", machine.ram, RING + AVAILABLE, 0, 1, 0)
    code = configure(RANDOM, 0x10, RANDOM_PORT | 1) + configure(RANDOM, 4, 5, 2)
    code += output(RANDOM_PORT + 0x12, 0, 1) + output(RANDOM_PORT + 0x12, 3, 1)
    code += output(RANDOM_PORT + 4, 1 << 28, 4) + output(RANDOM_PORT + 0xE, 0, 2)
    code += output(RANDOM_PORT + 8, ring // PAGE, 4) + output(RANDOM_PORT + 0x12, 7, 1) + output(RANDOM_PORT + 0x10, 0, 2)
    machine.stack()
    outcome = machine.run(program(machine, code + GO_BACK))
    used = RING + USED + 2
    machine.until(lambda: machine.ram[used] != 0, 0.05 if ring != RING or table else 1.0)
    return outcome


def a16(machine):
    """Each with the addresses that only the host knows, as target, as source, and as where the device's own descriptors lie."""
    key = file_key(machine, b"etc/vmcoreinfo")
    for address in targets(machine):
        for more in (0, 8, PAGE - 4):
            machine.probes()
            yield reported(machine, firmware_dma(machine, 0x19 << 16 | SELECT | READ, 64, address + more), address)
        yield read_by_firmware(machine, key, address + 64)
        machine.probes()
        yield reported(machine, random_numbers(machine, address), address)
        machine.probes()
        outcome = random_numbers(machine, 0, address)
        yield reported(machine, outcome, None if address == machine.g1 else address)
        yield random_numbers(machine, 0, None, address)
        machine.reset()                                # the device may be broken, as the guest asked for
    for address in targets(machine)[:12]:
        machine.probes()
        yield reported(machine, edu_dma(machine, 0x40000, address, 64, True), address)
        edu_dma(machine, address + 16, 0x40000, 64, False)
        machine.ram[BUFFER:BUFFER + 64] = bytes(64)
        yield leaked(machine, edu_dma(machine, 0x40000, BUFFER, 64, True), BUFFER, 64)
        machine.probes()
    # what is sealed
    machine.seal_page(BUFFER, 0, PAGE)
    for variant in range(3):
        machine.ram[BUFFER:BUFFER + PAGE] = b"\x5a" * PAGE
        machine.probes()
        outcome = (lambda: firmware_dma(machine, 0x19 << 16 | SELECT | READ, 64, BUFFER + 128), lambda: random_numbers(machine, BUFFER + 128),
                   lambda: edu_dma(machine, 0x40000, BUFFER + 128, 64, True))[variant]()
        if machine.ram[BUFFER:BUFFER + PAGE] != b"\x5a" * PAGE:
            outcome.gained = "a sealed page was written by DMA"
        yield reported(machine, outcome, BUFFER)


def read_shown(machine):
    """For the control of A16: what the normal view shows comes by DMA."""
    target = next(s for s in machine.hidden if s["name"].startswith("core r--"))
    key = file_key(machine, b"etc/vmcoreinfo")
    words = struct.unpack_from("<256Q", machine.pristine, target["offset"])
    at_word = next(i for i in range(0, 256, 2) if any(machine.secret(word) for word in words[i:i + 2]))
    return read_by_firmware(machine, key, target["gpa"] + at_word * 8)


# ---- A18 -------------------------------------------------------------------------------------------------------

def accesses(address, ram):
    """(what it is, machine code) of ways to read or write an address; `ram`: a page of the guest's to copy from or to."""
    a = to_rax(address)
    rsi_rdi = lambda source, target: b"\x48\xbe" + u64(source) + b"\x48\xbf" + u64(target) + b"\xfc"
    count = lambda n: b"\xb9" + u32(n)
    return [
        ("movb", a + b"\x8a\x10"), ("movw", a + b"\x66\x8b\x10"), ("movl", a + b"\x8b\x10"), ("movq", a + b"\x48\x8b\x10"),
        ("movdqu", a + b"\xf3\x0f\x6f\x00\x66\x48\x0f\x7e\xc2"), ("pushq", a + b"\xff\x30\x5a"), ("call", a + b"\xff\x10"), ("jmp", a + b"\xff\x20"),
        ("cmpb", a + b"\x80\x38\x00"), ("btq", a + b"\x48\x0f\xba\x20\x05"), ("lgdt", a + b"\x0f\x01\x10"), ("lidt", a + b"\x0f\x01\x18"),
        ("fldl", a + b"\xdd\x00"), ("fxrstor", a + b"\x0f\xae\x08"), ("ldmxcsr", a + b"\x0f\xae\x10"),
        ("iret", b"\x48\xbc" + u64(address) + b"\x48\xcf"), ("pop", b"\x48\xbc" + u64(address) + b"\x5a"), ("ret", b"\x48\xbc" + u64(address) + b"\xc3"),
        ("lodsq", rsi_rdi(address, ram) + b"\x48\xad\x48\x89\xc2"), ("cmpsb", rsi_rdi(address, ram) + b"\xa6"), ("scasq", rsi_rdi(ram, address) + b"\x48\xaf"),
        ("rep movsb out", rsi_rdi(address, ram) + count(64) + b"\xf3\xa4"), ("rep movsq out", rsi_rdi(address, ram) + count(16) + b"\xf3\x48\xa5"),
        ("movs to a device", rsi_rdi(address, LAPIC + 0x80) + b"\xa5"), ("rep outsb", rsi_rdi(address, ram) + count(8) + b"\xba\x80\0\0\0\xf3\x6e"),
        ("movb to", a + b"\xc6\x00\x41"), ("movw to", a + b"\x66\xc7\x00\x41\x41"), ("movl to", a + b"\xc7\x00AAAA"), ("movq to", a + b"\x48\xc7\x00AAAA"),
        ("movnti", a + b"\x48\x0f\xc3\x10"), ("movdqu to", a + b"\xf3\x0f\x7f\x00"), ("xchg", a + b"\x48\x87\x10"), ("lock xadd", a + b"\xf0\x48\x0f\xc1\x10"),
        ("lock or", a + b"\xf0\x83\x08\x01"), ("lock bts", a + b"\xf0\x48\x0f\xba\x28\x05"), ("cmpxchg", a + b"\xf0\x48\x0f\xb1\x10"),
        ("cmpxchg16b", a + b"\x48\x89\xc7\xf0\x48\x0f\xc7\x0f"), ("stosq", rsi_rdi(ram, address) + b"\x48\xab"),
        ("rep stosb", rsi_rdi(ram, address) + count(100) + b"\xf3\xaa"), ("rep movsb to", rsi_rdi(ram, address) + count(100) + b"\xf3\xa4"),
        ("movs from a device", rsi_rdi(LAPIC + 0x30, address) + b"\xa5"), ("insb", rsi_rdi(ram, address) + b"\xba\x71\0\0\0\x6c"),
        ("rep insl", rsi_rdi(ram, address) + count(4) + b"\xba\xf8\x0c\0\0\xf3\x6d"), ("fxsave", a + b"\x0f\xae\x00"), ("fnstenv", a + b"\xd9\x30"),
        ("sgdt", a + b"\x0f\x01\x00"), ("sidt", a + b"\x0f\x01\x08"), ("stmxcsr", a + b"\x0f\xae\x18"), ("popq to", a + b"\x8f\x00"),
        ("push", b"\x48\xbc" + u64(address + 64) + b"\x50"), ("call on", b"\x48\xbc" + u64(address + 64) + b"\xe8\0\0\0\0"),
        ("enter", b"\x48\xbc" + u64(address + 64) + b"\xc8\x10\0\x03"),
    ]


def access_by_cpu(machine, physical, index, name, code):
    """One access; registers and the page that was copied to are looked at afterwards."""
    if machine.skipping:
        return Outcome("skipped")
    machine.attack_page(0x20, physical | PRESENT | WRITE)
    machine.attack_page(0x21, BUFFER | PRESENT | WRITE)
    machine.stack()
    machine.ram[BUFFER:BUFFER + PAGE] = bytes(PAGE)
    machine.probes()
    outcome = machine.run(program(machine, code + b"\xbc" + u32(STACK) + GO_BACK), {"rdx": 0x41}, seconds=5)
    count = machine.probes()
    if not count and outcome.kind in ("returned", "exception") and physical != machine.g1:
        outcome.kind = "unreported"
    return leaked(machine, outcome, BUFFER, PAGE)


def a18(machine):
    """Accesses of every kind; CR3, GDT, IDT and TSS there; instructions that lie half there; windows of devices over it; devices from the SIM view."""
    generator = seeded("a18")
    virtual = ATTACK + 0x20 * PAGE
    names = [name for name, _ in accesses(0, 0)]
    for physical in targets(machine):
        for index, name in enumerate(names):
            where = virtual + generator.randrange(8) * 256 + 64 + (generator.randrange(8) if name in ("movw", "movl", "movq", "movq to", "lodsq") else 0)
            yield access_by_cpu(machine, physical, index, name, accesses(where, virtual + PAGE)[index][1])
            if name in ("lgdt", "lidt", "fxrstor", "ldmxcsr", "iret"):
                machine.reset()
    for physical in targets(machine):
        # across two pages, the second the region's
        machine.attack_page(0x1F, BUFFER | PRESENT | WRITE)
        for index, name in enumerate(("movq", "movdqu", "movq to", "xchg", "movdqu to", "push")):
            code = dict(accesses(virtual - 4, virtual))[name].replace(u64(virtual - 4 + 64), u64(virtual + 4))
            yield access_by_cpu(machine, physical, index, name, code)
        # tables there
        for tables in (physical, physical | 0x18):
            machine.stack()
            outcome = machine.run(program(machine, GO_BACK), cr3=tables, seconds=3)
            yield outcome
        machine.put(0x212000 + 8, physical | 7)
        machine.stack()
        yield machine.run(program(machine, read_to_rdi(ATTACK + (2 << 20)) + GO_BACK))
        machine.put(0x212000 + 8, 0)
        # an exception's frame there
        machine.attack_page(0x20, physical | PRESENT | WRITE)
        machine.stack()
        yield machine.run(program(machine, write64(0xD000 + 36, virtual + PAGE - 64) + b"\xcc" + GO_BACK), seconds=3)
        machine.reset()
    # a RAM of a device's, laid over the gate, over hidden pages, and over the guest's kernel
    for base in [address & ~0x1FFFFF for address in targets(machine)] + [0x800000 & ~0x1FFFFF, AREA + (3 << 30)]:
        code = configure(WINDOW, 0x10, WINDOW_REGISTERS) + configure(WINDOW, 0x18, base) + configure(WINDOW, 0x1C, base >> 32) + configure(WINDOW, 4, 2, 2)
        machine.stack()
        yield machine.run(program(machine, code + GO_BACK))
        for entry in ("fentry", "callStub"):
            machine.stack()
            registers = machine.calls(entry, 20, 0x1111)
            outcome = machine.run(CALLS, registers)
            if outcome.kind != "returned":
                outcome.gained = "a window of a device's took the gate away"
            yield outcome
        if base >= AREA:
            machine.attack_page(0x22, base | PRESENT | WRITE)
            code = INTO + VMFUNC + COME_BACK
            copy = b"".join(write64(ATTACK + 0x22 * PAGE + i, struct.unpack("<Q", code[i:i + 8].ljust(8, b"\xcc"))[0]) for i in range(0, len(code), 8))
            machine.stack()
            yield machine.run(program(machine, copy + jump(ATTACK + 0x22 * PAGE)))
    machine.reset()
    # from the SIM view, by the pops and pushes of G2: the stack in windows of devices
    pops = machine.pristine.index(b"\x5f\x5e\x5a\x41\x5a", machine.inner_offset) - machine.inner_offset
    push = machine.pristine.index(b"\x41\x51\x41\x50", machine.inner_offset) - machine.inner_offset
    for window in (LAPIC, 0xFEC00000, 0xFED00000, 0xA0000, 0xC0000, 0xFFFF0000, EDU_BASE, WINDOW_REGISTERS, 0xF0000000, 0x8000000, AREA, machine.g1 + PAGE * 4):
        for offset in (pops, push):
            root = machine.own_tables()
            machine.attack_page(0x20, window | PRESENT | WRITE)
            yield land(machine, machine.g1 + PAGE, offset, {}, generator, root=root, at_gate=True, rsp=ATTACK + 0x20 * PAGE + 256)


def copy_shown(machine):
    """For the control of A18: hidden memory that the normal view shows, by a string instruction."""
    target = next(s for s in machine.hidden if s["name"].startswith("core r--"))
    words = struct.unpack_from("<256Q", machine.pristine, target["offset"])
    first = next(i for i, word in enumerate(words) if machine.secret(word))
    virtual = ATTACK + 0x20 * PAGE
    code = dict(accesses(virtual + first * 8, virtual + PAGE))["rep movsq out"]
    return access_by_cpu(machine, target["gpa"], 0, "rep movsq out", code)
