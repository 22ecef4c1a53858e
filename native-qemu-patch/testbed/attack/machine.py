# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine that is attacked: the patched QEMU, a region as the manager writes it, and machine.S as the guest's whole kernel."""
import ctypes
import json
import mmap
import os
import random
import socket
import struct
import subprocess
import time

RAM_SIZE = 128 << 20
PAGE = 4096
AREA = 512 << 30
GS_BASE, CURRENT_OFFSET, CURRENT_TASK = 0x9000, 0x20, 0xFFFF888001234580

# What machine.S has at these addresses.
REQUEST, STAGING, CODE, BACK = 0x8000, 0x400000, 0x600000, 0x1000002
STATE, RIP, CS, RFLAGS, RSP, SS, CR3, COPY, VECTOR, ERROR, CR2, BOOTS, DR0, DR7, DR6, FLAGS, REGISTERS = (
    0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128)
CPUS, STORM, STRUCK, GS, AUX = 256, 264, 272, 280, 288
# The same of the second CPU.
REQUEST_2, STAGING_2, CODE_2, BACK_2, GS_BASE_2 = 0x8400, 0x404000, 0x604000, 0x2000002, 0x9400
NAMES = ("rax", "rcx", "rdx", "rbx", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15")
KERNEL_ROOT = 0x200000
CODE_64, CODE_32, CODE_16, USER_64, USER_32 = 0x08, 0x18, 0x48, 0x2B, 0x33
DATA, USER_DATA = 0x10, 0x23

# The attacker's own addresses: below 2 GiB, so that 32-bit code has them too.
ATTACK = 0x40000000
ATTACK_TABLE, OWN_ROOT = 0x213000, 0x220000
TEXT = 0xFFFFFFFF81000000
TEXT_RAM = 0x800000
RETURN_ADDRESS = TEXT + 0x105
TARGET = TEXT + 0x200
STACK_PAGES, STACK = 0x900000, 0x902000
STACK_2 = 0x904000
EVERY = 0x700000                                       # RAM that tables show everywhere
EXCEPTION_STACK = 0xD024                               # in the TSS: ist1
MARKER = 0xE000
# What tells the second CPU's programs to end, and by what a program and `during` speak.
STOP, ASKS, ANSWER = 0xE100, 0xE200, 0xE208

# Kernel text that calls the gate again and again: see kernel_text.
CALLS = TEXT + 0x100
CALLING = 0x10AD

# struct sim_ring: calls and unknown_calls
RING_COUNTERS = 512

# Entries have the accessed and dirty flags from the start, as an attacker's would: a page walk that sets one writes.
SET_BY_WALK = 0x60
PRESENT, WRITE, USER, LARGE, GLOBAL, NX = 1 | SET_BY_WALK, 2, 4, 0x80, 0x100, 1 << 63
TABLE = PRESENT | WRITE


def end_with_parent():
    """prctl(PR_SET_PDEATHSIG, SIGKILL)"""
    ctypes.CDLL(None).prctl(1, 9)


class Outcome:
    """
    How an attack ended: `returned`, `exception`, `reset` (of the machine), `loops` (in the guest, for ever), `stopped` (by SIM), `stuck` (in the
    SIM view). `seconds`: until the harness knew; `late`: of a violation, from QEMU's report to the harness. `gained`: what an attack itself has seen.
    """

    def __init__(self, kind, registers=None, vector=None, rip=None, violation=None, seconds=0.0, error=None, gained=None):
        self.kind, self.registers, self.vector, self.rip, self.error = kind, registers or {}, vector, rip, error
        self.violation, self.seconds, self.gained = violation, seconds, gained
        self.late = max(0.0, time.time() - violation["time-ns"] / 1e9) if violation else 0.0

    def __str__(self):
        if self.kind == "stopped":
            return "stopped: %s at %#x" % (self.violation["kind"], self.violation["rip"])
        if self.kind == "exception":
            return "exception %d at %#x" % (self.vector, self.rip)
        return self.kind


class Machine:
    def __init__(self, folder, qemu, firmware, region_to_attack, built, prepare=None, seal=True, cpus=1, devices=(), monitor="null",
                 accelerator="tcg", gates="gates"):
        """
        `built`: folder of the gates, of which `gates` are taken; `prepare(machine)` may spoil the region before QEMU sees it; `seal`: pin control registers;
        `devices`: more of QEMU's options; `monitor`: what its hook calls.
        """
        self.folder, self.qemu, self.firmware, self.seal, self.accelerator = folder, qemu, firmware, seal, accelerator
        self.cpus, self.devices, self.monitor = cpus, devices, monitor
        # Nothing is done to the machine then: who counts variants, or leaves some out, sets it.
        self.skipping = False
        # What the attacker can read, and the SIM view might have written to.
        self.exposed = {(STACK_PAGES, 8 * PAGE), (EVERY, PAGE)}
        # What an attack was told of the region's addresses, so that finding it again is no gain.
        self.told = set()
        os.makedirs(folder, exist_ok=True)
        self.region_file = os.path.join(folder, "region")
        said = subprocess.run(region_to_attack + [built, self.region_file, "%x" % (AREA >> 30), "%x" % TEXT,
                                                  "%x" % RETURN_ADDRESS, "%x" % TARGET, "%x" % CURRENT_OFFSET, "%x" % RAM_SIZE, monitor, gates],
                              stdout=subprocess.PIPE, check=True)
        self.layout = json.loads(said.stdout)
        self.segments = {}
        for segment in self.layout["segments"]:
            self.segments.setdefault(segment["name"], segment)
        self.g1 = self.layout["gatePages"]
        self.gate = self.layout["gateVirtualBase"] + self.g1 - self.layout["gateFrame"]
        self.region = self._map(self.region_file, os.path.getsize(self.region_file))
        self.ram_file = os.path.join(folder, "ram")
        with open(self.ram_file, "wb") as file:
            file.truncate(RAM_SIZE)
        self.ram = self._map(self.ram_file, RAM_SIZE)
        self._tables()
        if prepare:
            prepare(self)
        self.pristine = bytes(self.region)
        self.kernel_memory = [(start, bytes(self.ram[start:end])) for start, end in (
            (REQUEST, 0xF000), (0x200000, ATTACK_TABLE), (ATTACK_TABLE + PAGE, OWN_ROOT), (TEXT_RAM, TEXT_RAM + PAGE))]
        self.hidden = [s for s in self.layout["segments"] if s["view"] == "SIM" and s["gpa"] not in (self.g1, self.g1 + PAGE)]
        self.words = self._hidden_words()
        self.parts = self._parts_of_addresses()
        self._start(self.ram_file)

    @staticmethod
    def _map(path, size):
        with open(path, "r+b") as file:
            return mmap.mmap(file.fileno(), size)

    # ---- memory -------------------------------------------------------------------
    def put(self, address, *words):
        struct.pack_into("<%dQ" % len(words), self.ram, address, *words)

    def get(self, address):
        return struct.unpack_from("<Q", self.ram, address)[0]

    def _tables(self):
        """Linear below 1 GiB and above 2, the attacker's pages between, kernel text, the gate's leaf: as a kernel would have it."""
        self.ram[:] = b"\xcc" * RAM_SIZE               # whoever gets lost stops soon
        for start, end in ((REQUEST, 0xF000), (0x200000, 0x230000)):
            self.ram[start:end] = bytes(end - start)
        self.put(KERNEL_ROOT, 0x210000 | TABLE | USER)
        self.put(KERNEL_ROOT + 511 * 8, 0x211000 | TABLE)
        gib = TABLE | LARGE
        self.put(0x210000, gib, 0x212000 | TABLE | USER, 2 << 30 | gib, 3 << 30 | gib)
        self.put(0x212000, ATTACK_TABLE | TABLE | USER)
        self.put(0x211000 + 509 * 8, self.layout["gateEntry"], 0x214000 | TABLE)
        self.put(0x214000 + 8 * 8, TEXT_RAM | TABLE | LARGE)
        self.put(GS_BASE + CURRENT_OFFSET, CURRENT_TASK)
        self.put(GS_BASE_2 + CURRENT_OFFSET, CURRENT_TASK + 0x8000)
        for at, code in kernel_text():
            self.ram[TEXT_RAM + at:TEXT_RAM + at + len(code)] = code

    def attack_page(self, index, entry):
        """Maps page `index` of the attacker's addresses."""
        self.put(ATTACK_TABLE + index * 8, entry)

    def own_tables(self, everywhere=None):
        """
        A CR3 of the attacker's own: like the kernel's, but the gate's 1 GiB is mapped page by page, through the table at 0x223000.
        With `everywhere`, all other addresses of the lower half show that guest-physical page.
        """
        root = OWN_ROOT
        self.ram[root:root + PAGE] = self.ram[KERNEL_ROOT:KERNEL_ROOT + PAGE]
        self.ram[0x221000:0x222000] = self.ram[0x211000:0x212000]
        self.put(root + 511 * 8, 0x221000 | TABLE)
        self.put(0x221000 + 509 * 8, 0x222000 | TABLE)
        self.put(0x222000 + (self.gate >> 21 & 511) * 8, 0x223000 | TABLE)
        self.put(0x222000 + (self.gate + PAGE >> 21 & 511) * 8, 0x223000 | TABLE)
        self.gate_page(0, self.g1 | PRESENT)
        self.gate_page(1, 0)
        if everywhere is not None:
            for table, entry in ((0x224000, 0x225000 | TABLE), (0x225000, 0x226000 | TABLE), (0x226000, everywhere)):
                self.put(table, *[entry] * 512)
            self.put(root + 8, *[0x224000 | TABLE] * 255)
        else:
            self.put(root + 8, *[0] * 255)
        return root

    def gate_page_entry(self, page):
        return 0x223000 + (self.gate + page * PAGE >> 12 & 511) * 8

    def gate_page(self, page, entry):
        """In the attacker's own tables: what the page of G1 (0) or G2 (1) shows."""
        self.put(self.gate_page_entry(page), entry)

    def hidden_gpa(self, name):
        return self.segments[name]["gpa"]

    # ---- secrets --------------------------------------------------------------------
    def _hidden_words(self):
        known = {RETURN_ADDRESS, TARGET, CURRENT_TASK, 0xCCCCCCCCCCCCCCCC, 0xFFFF888000000000, (1 << 64) - 1}
        words = set()
        for segment in self.hidden:
            if "ring" in segment["name"] or "stack" in segment["name"]:
                continue
            for at in range(segment["offset"], segment["offset"] + min(segment["size"], 64 * PAGE), 8):
                words.add(struct.unpack_from("<Q", self.pristine, at)[0])
        return {word for word in words if word >> 33} - known

    def secret(self, value):
        """Whether the attacker, seeing this value, learns something that is the monitor's."""
        if value in self.told:
            return False
        if value in self.words:
            return True
        for segment in self.hidden:
            for start in (segment["gpa"], segment["virtual"]):
                if start and (value - start) % (1 << 64) < segment["size"]:
                    return True
                if start and value >> 12 & 0xFFFFF and (value - start) % (1 << 32) < min(segment["size"], PAGE):
                    return True
        return False

    def part_of_secret(self, value):
        """
        Whether four bytes of this value, at any of its bytes, are four of an address that is the monitor's: what an operand that was decoded out
        of a number leaks. Not the lowest three nibbles, which everybody knows, and nothing that is mostly zeroes.
        """
        if value in self.told:
            return False
        parts = {value >> shift & 0xFFFFFFFF for shift in range(0, 40, 8)}
        return any(part in parts for part in self.parts)

    def _parts_of_addresses(self):
        addresses = [segment[kind] for segment in self.hidden for kind in ("gpa", "virtual")] + [self.immediate(0)]
        return {address >> shift & 0xFFFFFFFF for address in addresses for shift in range(8, 40, 8)
                if (address >> shift & 0xFFFFFFFF) >> 20}

    def immediate(self, number):
        """The number that the `number`th movabs to rcx of G2 loads: 0 the SIM CR3, 1 the first stack's top."""
        page = self.pristine[self.inner_offset:self.inner_offset + PAGE]
        at = -1
        for _ in range(number + 1):
            at = page.index(b"\x48\xb9", at + 1)
        return struct.unpack_from("<Q", page, at + 2)[0]

    def poke(self, offset, code):
        """Changes the region, as if it had been made so; returns what was there."""
        before = self.pristine[offset:offset + len(code)]
        self.pristine = self.pristine[:offset] + code + self.pristine[offset + len(code):]
        self.region[offset:offset + len(code)] = code
        return before

    def changed(self):
        """Names of the region's parts that are not as they were, but for what every call changes."""
        names = []
        for segment in self.layout["segments"]:
            start, end = segment["offset"], segment["offset"] + segment["size"]
            if segment["name"] == "stacks":
                if any(self.region[start + i * 16384 + 16368] for i in range(2)):
                    names.append("stack left taken")
                continue
            if segment["name"] == "ring":
                if self.monitor != "null":
                    continue                           # whose monitor writes events
                if self.region[start:start + RING_COUNTERS] != self.pristine[start:start + RING_COUNTERS]:
                    names.append("ring")
                start += RING_COUNTERS + 16
            if self.region[start:end] != self.pristine[start:end]:
                names.append(segment["name"])
        return names

    # ---- QEMU -------------------------------------------------------------------------
    def _start(self, ram):
        self.socket_path = os.path.join(self.folder, "qmp")
        for path in (self.socket_path,):
            if os.path.exists(path):
                os.unlink(path)
        # What devices say of a guest that uses them wrongly.
        log = open(os.path.join(self.folder, "qemu.log"), "a")
        self.process = subprocess.Popen([
            self.qemu, "-accel", self.accelerator, "-cpu", "max" + (",vmx=off" if self.accelerator == "kvm" else ""), "-smp", str(self.cpus), "-m", "%dM" % (RAM_SIZE >> 20), "-S",
            "-machine", "pc,smm=on,memory-backend=ram" + (",sim-view=vmfunc" if self.accelerator == "kvm" else ""), *self.devices,
            "-object", "memory-backend-file,id=ram,size=%d,share=on,mem-path=%s" % (RAM_SIZE, ram),
            "-object", "memory-backend-file,id=region,size=%d,share=on,mem-path=%s" % (len(self.region), self.region_file),
            "-device", "sim-region,id=sim0,memdev=region", "-bios", self.firmware, "-display", "none", "-nodefaults",
            "-qmp", "unix:%s,server=on,wait=off" % self.socket_path], preexec_fn=end_with_parent, stderr=log)
        self.qmp = socket.socket(socket.AF_UNIX)
        for _ in range(1200):
            try:
                self.qmp.connect(self.socket_path)
                break
            except (FileNotFoundError, ConnectionRefusedError):
                time.sleep(0.05)
        self.buffer, self.events = b"", []
        self._line(30)
        self.command("qmp_capabilities")
        self.resets = 0
        self._arm()

    def _line(self, timeout):
        self.qmp.settimeout(max(timeout, 0.0001))
        while b"\n" not in self.buffer:
            try:
                got = self.qmp.recv(65536)
            except (TimeoutError, socket.timeout, BlockingIOError):
                return None
            if not got:
                raise RuntimeError("QEMU ended")
            self.buffer += got
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def command(self, name, **arguments):
        self.qmp.sendall(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        while True:
            line = self._line(60)
            if line is None:
                raise RuntimeError("QEMU does not answer %s" % name)
            if "event" in line:
                self.events.append(line)
            elif "error" in line:
                raise RuntimeError("%s: %s" % (name, line["error"]["desc"]))
            else:
                return line["return"]

    def blocks(self):
        """Where each CPU's requests are."""
        return (REQUEST, REQUEST_2)[:self.cpus]

    def boot(self):
        """From a reset until the guest's kernel is there; the views are not mapped."""
        # An attack may have hit its own kernel. The attacker's tables stay: what was stopped is to be tried in other ways.
        for start, bytes_before in self.kernel_memory:
            self.ram[start:start + len(bytes_before)] = bytes_before
        for block in self.blocks():
            self.put(block + STATE, 9)
            self.put(block + BOOTS, 0)
        self.put(REQUEST + CPUS, self.cpus)
        self.command("cont")
        begin = asked = time.time()
        while any(self.get(block + BOOTS) == 0 or self.get(block + STATE) != 0 for block in self.blocks()):
            if time.time() > begin + 60:
                raise RuntimeError("the machine does not come up: %s" % self.command("query-sim"))
            if time.time() > asked + 1:
                # A stop that was on its way when the machine was reset.
                asked = time.time()
                if not self.command("query-status")["running"]:
                    self.command("cont")
            time.sleep(0.0005)
        self.dirty = False

    def _arm(self):
        self.region[:] = self.pristine
        self.boot()
        self.command("stop")
        self.command("sim-apply", map=True, writes=[])
        if self.seal:
            self.command("sim-seal", pages=[])
        self.command("cont")
        self.events.clear()
        self.violations = self.command("query-sim")["violations"]

    def seal_page(self, gpa, offset, length, *more):
        """Seals bytes of a page of RAM, as the manager does; what was sealed before is not any more."""
        if self.skipping:
            return
        self.command("stop")
        self.command("sim-seal", pages=[{"gpa": page, "protect": [{"offset": start, "length": size}]}
                                        for page, start, size in ((gpa, offset, length), *more)])
        self.command("cont")

    def reset(self, arm=True):
        if self.skipping:
            return
        self.resets += 1
        self.command("stop")
        self.command("system_reset")
        self.await_reset()
        self.events.clear()
        if arm:
            self._arm()
        else:
            self.boot()

    def await_reset(self, seconds=20.0):
        begin = time.time()
        while time.time() - begin < seconds:
            if any(event["event"] == "RESET" for event in self.events) or self._pump():
                return True
        return False

    def _pump(self):
        line = self._line(0.01)
        if line and "event" in line:
            self.events.append(line)
            return line["event"] == "RESET"
        return False

    def restart(self):
        """Another QEMU, which knows nothing of what the last one's guest was given while it ran."""
        if self.skipping:
            return
        self.close()
        self.region[:] = self.pristine
        self._start(self.ram_file)

    def close(self):
        try:
            self.command("quit")
        except (RuntimeError, OSError):
            pass
        self.process.wait()

    def probes(self):
        """Violations that did not stop the guest since the last question."""
        if self.skipping:
            return 1
        now = self.command("query-sim")["violations"]
        count, self.violations = now - self.violations, now
        return count

    # ---- an attack -----------------------------------------------------------------------
    def code(self, *pages, second=False):
        """Pages of the attacker's code, to be copied to CODE by the guest; each is 4096 bytes, or less and filled with int3."""
        staging = STAGING_2 if second else STAGING
        for i, page in enumerate(pages):
            self.ram[staging + i * PAGE:staging + (i + 1) * PAGE] = page + b"\xcc" * (PAGE - len(page))
        self.put((REQUEST_2 if second else REQUEST) + COPY, len(pages))

    def _ask(self, block, rip, registers, cs, ss, rflags, rsp, cr3, dr, gs, aux, storm):
        self.put(block + RIP, rip % (1 << 64), cs, rflags, rsp % (1 << 64), ss, cr3)
        self.put(block + DR0, *(dr or (0, 0)))
        self.put(block + REGISTERS, *[(registers or {}).get(name, 0) % (1 << 64) for name in NAMES])
        self.put(block + STORM, 1 if storm else 0, 0, gs % (1 << 64), aux)
        self.put(block + STATE, 1)

    def start(self, rip, registers):
        """Lets the first CPU go there, and does not wait."""
        if not self.skipping:
            self._ask(REQUEST, rip, registers, CODE_64, DATA, 2, STACK, KERNEL_ROOT, None, GS_BASE, 0, False)

    def start_second(self, rip, registers=None, cs=CODE_64, ss=DATA, rflags=2, rsp=STACK_2, cr3=KERNEL_ROOT, dr=None, gs=GS_BASE_2, aux=0,
                     storm=False):
        """Lets the second CPU go there, now. Programs that end when they are told do so by `stop_second`."""
        if self.skipping:
            return
        if self.dirty:
            self.reset()
        self.put(STOP, 0)
        self._ask(REQUEST_2, rip, registers, cs, ss, rflags, rsp, cr3, dr, gs, aux, storm)

    def stop_second(self, seconds=10.0):
        """Ends its program, if it has not ended yet. False: it can't be, and the machine is to be reset."""
        if self.skipping:
            return True
        self.put(STOP, 1)
        begin = time.time()
        while not self.dirty and self.get(REQUEST_2 + STATE) == 1:
            if time.time() - begin > seconds:
                self.dirty = True
            time.sleep(0.0002)
        return not self.dirty

    def until(self, holds, seconds=10.0):
        begin = time.time()
        while not self.skipping and not holds():
            if time.time() - begin > seconds:
                return False
            time.sleep(0.0002)
        return True

    def struck(self, block=REQUEST):
        """How many interrupts and NMIs came since the last request."""
        return 1 if self.skipping else self.get(block + STRUCK)

    def seen(self, block=REQUEST):
        """How the last request of a CPU ended; None if it has not."""
        state = self.get(block + STATE)
        if state not in (2, 3):
            return None
        registers = dict(zip(NAMES, struct.unpack_from("<15Q", self.ram, block + REGISTERS)))
        registers.update((name, self.get(block + at)) for name, at in (("rsp", RSP), ("cr2", CR2), ("dr6", DR6)))
        if state == 2:
            registers["flags"] = self.get(block + FLAGS)
            return Outcome("returned", registers)
        registers["flags"] = self.get(block + RFLAGS)
        return Outcome("exception", registers, vector=self.get(block + VECTOR), rip=self.get(block + RIP), error=self.get(block + ERROR))

    def run(self, rip, registers=None, cs=CODE_64, ss=DATA, rflags=2, rsp=STACK, cr3=KERNEL_ROOT, dr=None, seconds=30.0, during=None,
            gs=GS_BASE, aux=0, storm=False):
        """Goes there; waits for how it ends. A machine that SIM has stopped is reset before the next attack."""
        if self.skipping:
            return Outcome("skipped")
        if self.dirty:
            self.reset()
        self.put(MARKER, 0)
        self.events.clear()
        begin = time.time()
        self._ask(REQUEST, rip, registers, cs, ss, rflags, rsp, cr3, dr, gs, aux, storm)
        while time.time() - begin < seconds:
            outcome = self.seen()
            if outcome:
                outcome.seconds = time.time() - begin
                return outcome
            line = self._line(0.0005)
            if line and "event" in line:
                self.events.append(line)
                if line["event"] == "SIM_VIOLATION" and line["data"]["fail-stop"]:
                    self.dirty = True
                    return Outcome("stopped", violation=line["data"], seconds=time.time() - begin)
                if line["event"] == "RESET":
                    self.dirty = True
                    return Outcome("reset", seconds=time.time() - begin)
            if during:
                during(self)
        self.dirty = True
        self.command("stop")
        view = self.command("query-sim")["vcpus"][0]["view"]
        return Outcome("stuck" if view == "sim" else "loops", seconds=seconds)

    def calls(self, entry, count, argument=0, back=BACK):
        """Registers for CALLS: so many calls of a gate's entry by its hook."""
        return {"r15": count, "r14": self.layout[entry], "r13": CALLING, "r12": argument, "rdi": argument, "rbp": back}

    def stack(self, *words):
        """The attacker's stack: these words at its top, and the way back everywhere else."""
        if self.skipping:
            return
        self.put(STACK_PAGES, *[BACK] * (2 * 4 * PAGE // 8))
        self.put(STACK, *words)


def kernel_text():
    """
    What the kernel's text holds. At 0x100, for who has CALLING in r13d: the hook's site, which calls r14 until r15 is 0 and goes to rbp then; if
    an argument comes back as another (rdi, of which r12 has a copy), that is marked. At 0x200 the function that a
    redirected call meant: it returns then, and else leads back.
    """
    loop = b"\x2e\x2e\x41\xff\xd6"                       # call *%r14, of as many bytes as a hook's call has
    loop += b"\x41\x81\xfd" + struct.pack("<I", CALLING) + b"\x75\x14"          # cmp $CALLING, %r13d; jne to the int3
    loop += b"\x4c\x39\xe7\x74\x08\xc6\x04\x25" + struct.pack("<IB", MARKER, 1)  # cmp %r12, %rdi; je +8; movb $1, MARKER
    loop += b"\x49\xff\xcf"                                # dec %r15
    loop += b"\x75" + struct.pack("<b", -len(loop) - 2)    # jnz to the start
    loop += b"\xff\xe5\xcc"                                # jmp *%rbp
    target = b"\x41\x81\xfd" + struct.pack("<I", CALLING) + b"\x75\x01\xc3\xff\x25\0\0\0\0" + struct.pack("<Q", BACK)
    return (0x100, loop), (0x200, target)


def hostile(machine, generator):
    """What an attacker puts into a register."""
    if machine.skipping:
        return 0                                       # what comes next would take most of a count's time
    while True:
        kind = generator.randrange(6)
        value = (STACK_PAGES + generator.randrange(2048) * 8, generator.randrange(4), KERNEL_ROOT,
                 machine.gate + generator.randrange(2 * PAGE), machine.g1 + generator.randrange(2 * PAGE),
                 generator.getrandbits(64))[kind]
        if not machine.secret(value):
            return value


def seeded(name):
    return random.Random("attack " + name)
