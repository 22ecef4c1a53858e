// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.KernelUnresolvedException;
import org.simvm.guest.kernel.Parameter;
import org.simvm.guest.kernel.ResolutionTimes;
import org.simvm.guest.kernel.Symbol;
import org.simvm.guest.kernel.SymbolOffset;
import org.simvm.guest.kernel.VirtualRange;

/**
 * A guest of 16 MiB with real page tables and a kernel image of the right shape: functions with
 * ftrace's places, an entry path with one call, {@code __mcount_loc}, a jump label, system call and
 * interrupt tables, a list of processes. Its names are known without kallsyms.
 */
public final class SyntheticGuest implements AutoCloseable {
    public static final int RAM = 16 << 20;
    /** Where {@code plain_function} has a lock prefix. */
    public static final int LOCK_PREFIX = 0x50;

    public static final long TEXT = 0xffffffff81000000L;
    public static final long TEXT_GPA = 0x200000;
    public static final int TEXT_SIZE = 0x10000;
    public static final long DATA = 0xffffffff81200000L;
    public static final long DATA_GPA = 0x400000;
    public static final long DIRECT_MAP = 0xffff888000000000L;
    public static final long CR3 = DATA_GPA + 0x100000;
    public static final long LEVEL3_KERNEL_PGT = 0x11000;

    @SuppressWarnings("MutablePublicArray")
    public static final byte[] NOP5 = {0x0f, 0x1f, 0x44, 0x00, 0x00};

    public static final int TASKS = 16;
    public static final int MM = 32;
    public static final int PID = 40;
    public static final int COMM = 44;
    public static final int PGD = 8;
    public static final int TGID = 64;
    public static final int FLAGS = 68;
    public static final int REAL_CRED = 72;
    public static final int EXEC_ID = 80;
    public static final int CAPABILITIES = 48;
    public static final int SIGNAL = 96;
    public static final int THREAD_HEAD = 16;
    public static final int THREAD_NODE = 104;
    public static final int EXIT_STATE = 112;
    public static final int ON_RQ = 116;
    public static final int GROUP_NODE = 128;
    public static final int RQ_CURRENT = 8;
    public static final int RQ_IDLE = 16;
    public static final int RQ_FAIR = 24;
    /** The text of the one module. */
    public static final long MODULE_TEXT = DATA + 0x180000;

    private static final long LARGE = 0x83 | 0x60; // present, writable, accessed, dirty, 2 MiB
    private static final long LARGE_TEXT = 0x81 | 0x60;
    private static final long NO_EXECUTE = 1L << 63;
    private static final long TABLE = 0x67;

    private final Path file;
    private final FileChannel channel;
    private final MappedByteBuffer ram;
    private final Map<String, Long> symbols = new TreeMap<>();
    private final Map<String, Integer> offsets = new HashMap<>();
    private final Map<String, List<Parameter>> prototypes = new HashMap<>();
    private final List<Long> fentries = new ArrayList<>();

    public SyntheticGuest(Path file) throws IOException {
        this.file = file;
        channel = FileChannel.open(
                file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
        ram = channel.map(FileChannel.MapMode.READ_WRITE, 0, RAM);
        ram.order(ByteOrder.LITTLE_ENDIAN);
        name();
        boot();
    }

    private void name() {
        long next = TEXT;
        for (String function : List.of(
                "_stext",
                "entry_SYSCALL_64",
                "entry_SYSCALL_64_after_hwframe",
                "do_syscall_64",
                "__fentry__",
                "wake_up_new_task",
                "begin_new_exec",
                "kernel_execve",
                "run_init_process",
                "plain_function",
                "calls_twice",
                "with_jump_label",
                "do_exit",
                "ftrace_caller",
                "static_caller")) {
            symbols.put(function, next);
            next += 0x100;
        }
        symbols.put("_etext", TEXT + TEXT_SIZE);
        next = DATA;
        for (String variable : List.of(
                "__start_mcount_loc",
                "__stop_mcount_loc",
                "__start___jump_table",
                "__stop___jump_table",
                "sys_call_table",
                "idt_table",
                "page_offset_base",
                "system_state",
                "init_task",
                "shell_task",
                "shell_mm",
                "daemon_task",
                "daemon_mm",
                "modules",
                "module_a",
                "__start_rodata",
                "__end_rodata",
                "kprobe_table",
                "kprobe_blacklist",
                "kprobe",
                "ftrace_ops_list",
                "tracer",
                "ftrace_list_end",
                "init_cred",
                "shell_cred",
                "daemon_cred",
                "net_namespace_list",
                "init_net",
                "filters",
                "security_hook_heads",
                "security_hook",
                "__start_static_call_sites",
                "__stop_static_call_sites",
                "module_a_entry",
                "ftrace_lock",
                "runqueues",
                "__per_cpu_offset",
                "idle_task",
                "unlisted_task",
                "__smp_locks",
                "__smp_locks_end")) {
            symbols.put(variable, next);
            next += 0x1000;
        }
        symbols.put("__stop_mcount_loc", symbols.get("__start_mcount_loc") + 3 * 8);
        symbols.put("__stop___jump_table", symbols.get("__start___jump_table") + 16);
        symbols.put("__stop_static_call_sites", symbols.get("__start_static_call_sites") + 8);
        symbols.put("__smp_locks_end", symbols.get("__smp_locks") + 4);
        symbols.put("init_top_pgt", DATA + 0x100000);
        symbols.put("current_task", 0x1fbc0L);
        offsets.put("task_struct.tasks", TASKS);
        offsets.put("task_struct.mm", MM);
        offsets.put("task_struct.pid", PID);
        offsets.put("task_struct.comm", COMM);
        offsets.put("mm_struct.pgd", PGD);
        offsets.put("task_struct.tgid", TGID);
        offsets.put("task_struct.flags", FLAGS);
        offsets.put("task_struct.real_cred", REAL_CRED);
        offsets.put("task_struct.self_exec_id", EXEC_ID);
        List<String> ids = List.of("uid", "gid", "suid", "sgid", "euid", "egid", "fsuid", "fsgid");
        for (int i = 0; i < ids.size(); i++) {
            offsets.put("cred." + ids.get(i), 8 + 4 * i);
        }
        offsets.put("task_struct.exit_state", EXIT_STATE);
        offsets.put("task_struct.on_rq", ON_RQ);
        offsets.put("task_struct.on_cpu", 120);
        offsets.put("task_struct.se.group_node", GROUP_NODE);
        offsets.put("rq.curr", RQ_CURRENT);
        offsets.put("rq.idle", RQ_IDLE);
        offsets.put("rq.cfs_tasks", RQ_FAIR);
        offsets.put("cred.cap_permitted", CAPABILITIES);
        offsets.put("cred.user_ns", 56);
        offsets.put("module.list", 8);
        offsets.put("module.name", 24);
        offsets.put("module.state", 0);
        offsets.put("module.mem", 96);
        offsets.put("mutex.owner", 0);
        offsets.put("module.mkobj", 128);
        offsets.put("module_kobject.kobj", 8);
        offsets.put("kobject.sd", 48);
        offsets.put("kernfs_node.id", 96);
        offsets.put("module_memory.base", 0);
        offsets.put("module_memory.size", 8);
        offsets.put("kprobe_blacklist_entry.list", 0);
        offsets.put("kprobe_blacklist_entry.start_addr", 16);
        offsets.put("kprobe_blacklist_entry.end_addr", 24);
        offsets.put("kprobe.hlist", 0);
        offsets.put("kprobe.addr", 16);
        offsets.put("kprobe.pre_handler", 24);
        offsets.put("kprobe.flags", 32);
        offsets.put("optimized_kprobe.optinsn.insn", 40);
        offsets.put("ftrace_ops.func", 0);
        offsets.put("ftrace_ops.next", 8);
        offsets.put("ftrace_ops.trampoline", 16);
        offsets.put("net.list", 16);
        offsets.put("net.nf.hooks_ipv4", 64);
        offsets.put("security_hook_list.list", 0);
        offsets.put("security_hook_list.hook", 16);
    }

    /** Puts everything where it is when {@code MSR_LSTAR} has just been written. */
    public void boot() {
        for (int at = 0; at < RAM; at += Long.BYTES) {
            ram.putLong(at, 0);
        }
        pageTables();
        text();
        data();
    }

    private void pageTables() {
        entry(CR3, 511, LEVEL3_KERNEL_PGT | TABLE);
        entry(LEVEL3_KERNEL_PGT, 510, 0x12000 | TABLE);
        entry(0x12000, 8, TEXT_GPA | LARGE_TEXT);
        entry(0x12000, 9, DATA_GPA | LARGE | NO_EXECUTE);
        entry(CR3, 273, 0x13000 | TABLE);
        entry(0x13000, 0, 0x14000 | TABLE);
        for (int i = 0; i < RAM >> 21; i++) {
            entry(0x14000, i, (long) i << 21 | LARGE | NO_EXECUTE);
        }
    }

    private void entry(long table, int index, long value) {
        ram.putLong((int) table + 8 * index, value);
    }

    private void text() {
        byte[] noise = new byte[TEXT_SIZE];
        new Random(1).nextBytes(noise);
        for (int i = 0; i < noise.length; i++) {
            noise[i] = noise[i] == (byte) 0xe8 ? (byte) 0x90 : noise[i]; // no call but those below
        }
        write(TEXT_GPA, noise);
        fentries.clear();
        writeVirtual(
                address("wake_up_new_task"), new byte[] {(byte) 0xf3, 0x0f, 0x1e, (byte) 0xfa});
        fentry(address("wake_up_new_task") + 4);
        fentry(address("begin_new_exec"));
        writeVirtual(address("do_exit"), new byte[] {(byte) 0xf3, 0x0f, 0x1e, (byte) 0xfa});
        fentry(address("do_exit") + 4);
        call(address("entry_SYSCALL_64_after_hwframe") + 0x47, address("do_syscall_64"));
        call(address("calls_twice") + 0x10, address("plain_function"));
        call(address("calls_twice") + 0x20, address("plain_function"));
        writeVirtual(address("with_jump_label") + 8, NOP5);
        call(address("static_caller") + 8, address("plain_function"));
        writeVirtual(address("plain_function") + LOCK_PREFIX, new byte[] {(byte) 0xf0});
    }

    private void fentry(long site) {
        call(site, address("__fentry__"));
        fentries.add(site);
    }

    private void call(long site, long target) {
        writeVirtual(site, HookFinder.callInstruction(site, target));
    }

    private void data() {
        for (int i = 0; i < fentries.size(); i++) {
            putLong(address("__start_mcount_loc") + 8L * i, fentries.get(i));
        }
        long jump = address("__start___jump_table");
        putInt(jump, (int) (address("with_jump_label") + 8 - jump));
        putInt(jump + 4, (int) (address("with_jump_label") + 0x40 - (jump + 4)));
        putInt(address("__start_static_call_sites"), (int)
                (address("static_caller") + 8 - address("__start_static_call_sites")));
        long lock = address("plain_function") + LOCK_PREFIX;
        putInt(address("__smp_locks"), (int) (lock - address("__smp_locks")));
        for (int i = 0; i < 16; i++) {
            putLong(address("sys_call_table") + 8L * i, address("plain_function"));
        }
        putLong(address("page_offset_base"), DIRECT_MAP);
        putInt(address("system_state"), 1);
        long[] tasks = {address("init_task"), address("shell_task"), address("daemon_task")};
        for (int i = 0; i < tasks.length; i++) {
            putLong(tasks[i] + TASKS, tasks[(i + 1) % tasks.length] + TASKS);
            putInt(tasks[i] + PID, i * 100);
            putInt(tasks[i] + TGID, i * 100);
        }
        putLong(address("runqueues") + RQ_CURRENT, address("idle_task"));
        putLong(address("runqueues") + RQ_IDLE, address("idle_task"));
        putLong(address("runqueues") + RQ_FAIR, address("runqueues") + RQ_FAIR);
        lists();
        process("shell", 0x20000);
        process("daemon", 0x22000);
    }

    /** Gives a function another name, or one more if it keeps its own. */
    public void names(String function, String name, boolean alias) {
        symbols.put(name, alias ? symbols.get(function) : symbols.remove(function));
    }

    /** Has BTF list what a function takes. */
    public void takes(String function, Parameter... parameters) {
        prototypes.put(function, List.of(parameters));
    }

    /** Puts instructions before the one redirected call. */
    public void beforeCall(byte... code) {
        writeVirtual(address("entry_SYSCALL_64_after_hwframe") + 0x47 - code.length, code);
    }

    /** Gives the module the number that its entry of sysfs has since it was loaded. */
    public void loads(long number) {
        putLong(address("module_a_entry") + 96, number);
    }

    /** A module, a network namespace, and lists of functions that are all empty. */
    private void lists() {
        unprobed(List.of());
        long module = address("module_a");
        putLong(address("modules"), module + 8);
        putLong(module + 8, address("modules"));
        putLong(module + 16, address("modules"));
        writeVirtual(module + 24, "module_a\0".getBytes(StandardCharsets.US_ASCII));
        putLong(module + 96, MODULE_TEXT);
        putInt(module + 104, 0x1000);
        putLong(module + 128 + 8 + 48, address("module_a_entry"));
        loads(1);
        byte[] code = new byte[0x1000];
        new Random(2).nextBytes(code);
        write(gpa(MODULE_TEXT), code);
        putLong(address("ftrace_ops_list"), address("ftrace_list_end"));
        putLong(address("net_namespace_list"), address("init_net") + 16);
        putLong(address("init_net") + 16, address("net_namespace_list"));
        putLong(address("security_hook_heads"), address("security_hook"));
        putLong(address("security_hook") + 16, address("plain_function"));
    }

    /** Makes the list of places that get no kprobe: pairs of first address and the one behind. */
    public void unprobed(List<Long> bounds) {
        long last = address("kprobe_blacklist");
        for (int i = 0; i < bounds.size(); i += 2) {
            long entry = unprobedEntry(i / 2);
            putLong(last, entry);
            putLong(entry + 16, bounds.get(i));
            putLong(entry + 24, bounds.get(i + 1));
            last = entry;
        }
        putLong(last, address("kprobe_blacklist"));
    }

    /** Address of an entry of the list of places that get no kprobe. */
    public long unprobedEntry(int index) {
        return address("kprobe_blacklist") + 0x100 + 32L * index;
    }

    /**
     * Gives each process a thread beside its first one, in a list of threads; the list of another
     * kernel would have none.
     */
    public void threads() {
        offsets.put("task_struct.signal", SIGNAL);
        offsets.put("signal_struct.thread_head", THREAD_HEAD);
        offsets.put("task_struct.thread_node", THREAD_NODE);
        for (String name : List.of("init", "shell", "daemon")) {
            long task = address(name + "_task");
            long signal = task + 0x200;
            long other = task + 0x300;
            putLong(task + SIGNAL, signal);
            putLong(signal + THREAD_HEAD, task + THREAD_NODE);
            putLong(task + THREAD_NODE, other + THREAD_NODE);
            putLong(other + THREAD_NODE, signal + THREAD_HEAD);
            putInt(other + PID, getInt(task + PID) + 1);
            putInt(other + TGID, getInt(task + PID));
        }
    }

    private int getInt(long va) {
        return ram.getInt((int) gpa(va));
    }

    private void process(String name, long pgd) {
        long credentials = address(name + "_cred");
        putLong(address(name + "_task") + REAL_CRED, credentials);
        for (int i = 0; i < 8; i++) {
            putInt(credentials + 8 + 4L * i, name.equals("shell") ? 1000 : 0);
        }
        putLong(credentials + CAPABILITIES, name.equals("shell") ? 0 : -1L);
        write(pgd, read(CR3, 4096));
        putLong(address(name + "_task") + MM, address(name + "_mm"));
        writeVirtual(
                address(name + "_task") + COMM, (name + "\0").getBytes(StandardCharsets.US_ASCII));
        putLong(address(name + "_mm") + PGD, DIRECT_MAP + pgd);
    }

    /**
     * Does what the kernel does between its LSTAR write and its first program: ftrace's NOPs,
     * poisoned {@code ENDBR64}s.
     */
    public void startUp() {
        for (int i = 0; i < 3; i++) {
            long site = getLong(address("__start_mcount_loc") + 8L * i);
            if (site != 0) {
                writeVirtual(site, NOP5);
            }
        }
        writeVirtual(address("wake_up_new_task"), new byte[] {0x66, 0x0f, 0x1f, 0x00});
        long entry = address("entry_SYSCALL_64_after_hwframe");
        long quiet = address("with_jump_label");
        unprobed(List.of(
                entry,
                entry + 0x100,
                quiet,
                quiet + 0x10,
                quiet + 0x10,
                quiet + 0x20,
                quiet + 0x20,
                quiet + 0x40,
                quiet + 0x40,
                quiet + 0x50,
                quiet + 0x50,
                quiet + 0x60,
                quiet + 0x60,
                quiet + 0x70));
    }

    public long address(String symbol) {
        return symbols.get(symbol);
    }

    /** Takes a name from the kernel's symbols. */
    public void forget(String symbol) {
        symbols.remove(symbol);
    }

    public void write(long gpa, byte[] bytes) {
        ram.put((int) gpa, bytes);
    }

    public byte[] read(long gpa, int length) {
        byte[] bytes = new byte[length];
        ram.get((int) gpa, bytes);
        return bytes;
    }

    public void writeVirtual(long va, byte[] bytes) {
        write(gpa(va), bytes);
    }

    public byte[] readVirtual(long va, int length) {
        return read(gpa(va), length);
    }

    public long getLong(long va) {
        return ram.getLong((int) gpa(va));
    }

    public void putLong(long va, long value) {
        ram.putLong((int) gpa(va), value);
    }

    public void putInt(long va, int value) {
        ram.putInt((int) gpa(va), value);
    }

    /** Puts an entry into the table that is to hold the gates' mapping. */
    public void putGateSlot(int index, long value) {
        entry(LEVEL3_KERNEL_PGT, index, value);
    }

    public long gateSlot(int index) {
        return ram.getLong((int) LEVEL3_KERNEL_PGT + 8 * index);
    }

    public static long gpa(long va) {
        if (va >= TEXT && va < TEXT + TEXT_SIZE) {
            return va - TEXT + TEXT_GPA;
        } else if (va >= DATA && va < DATA + 0x200000) {
            return va - DATA + DATA_GPA;
        }
        return va - DIRECT_MAP;
    }

    /** Returns this process's descriptor of the RAM file, as QEMU would report its own. */
    public int descriptor() throws IOException {
        try (var descriptors = Files.list(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors.toList()) {
                if (Files.isSymbolicLink(descriptor)
                        && Files.exists(descriptor)
                        && Files.readSymbolicLink(descriptor).equals(file.toRealPath())) {
                    return Integer.parseInt(descriptor.getFileName().toString());
                }
            }
        }
        throw new IOException("no descriptor of " + file);
    }

    public Kernel kernel() {
        return new NamedKernel(new TreeMap<>(symbols), Map.copyOf(offsets), Map.copyOf(prototypes));
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    /** Answers from maps. */
    private record NamedKernel(
            TreeMap<String, Long> names,
            Map<String, Integer> offsets,
            Map<String, List<Parameter>> prototypes)
            implements Kernel {
        @Override
        public String version() {
            return "6.12.0-synthetic";
        }

        @Override
        public String banner() {
            return "Linux version " + version();
        }

        @Override
        public Optional<String> buildId() {
            return Optional.of("0123456789abcdef");
        }

        @Override
        public VirtualRange image() {
            return new VirtualRange(TEXT, DATA + 0x200000);
        }

        @Override
        public VirtualRange text() {
            return new VirtualRange(TEXT, TEXT + TEXT_SIZE);
        }

        @Override
        public OptionalLong symbol(String name) {
            return names.containsKey(name)
                    ? OptionalLong.of(names.get(name))
                    : OptionalLong.empty();
        }

        @Override
        public List<Symbol> symbols(String name) {
            if (!names.containsKey(name)) {
                return List.of();
            }
            long address = names.get(name);
            long end = names.values().stream()
                    .filter(other -> other > address)
                    .min(Long::compare)
                    .orElse(image().end());
            return List.of(new Symbol(name, address, text().contains(address) ? 'T' : 'D', end));
        }

        @Override
        public List<Symbol> derived(String name) {
            return names.keySet().stream()
                    .filter(other -> other.startsWith(name + "."))
                    .flatMap(other -> symbols(other).stream())
                    .toList();
        }

        @Override
        public Optional<List<Parameter>> parameters(String function) {
            return Optional.ofNullable(prototypes.get(function));
        }

        @Override
        public long requireSymbol(String name) throws KernelUnresolvedException {
            return symbol(name)
                    .orElseThrow(() -> new KernelUnresolvedException(
                            KernelUnresolvedException.Step.LOOKUP,
                            "kernel " + version() + ": no symbol " + name));
        }

        @Override
        public Optional<SymbolOffset> symbolAt(long va) {
            return names.entrySet().stream()
                    .filter(symbol ->
                            image().contains(symbol.getValue()) && symbol.getValue() <= va)
                    .max(Map.Entry.comparingByValue())
                    .map(symbol -> new SymbolOffset(
                            symbols(symbol.getKey()).get(0), va - symbol.getValue()));
        }

        @Override
        public boolean hasSymbolAt(long va) {
            return names.containsValue(va);
        }

        @Override
        public OptionalInt offset(String path) {
            for (String alternative : path.split("\\|", 0)) {
                if (offsets.containsKey(alternative)) {
                    return OptionalInt.of(offsets.get(alternative));
                }
            }
            return OptionalInt.empty();
        }

        @Override
        public int requireOffset(String path) throws KernelUnresolvedException {
            return offset(path)
                    .orElseThrow(() -> new KernelUnresolvedException(
                            KernelUnresolvedException.Step.LOOKUP,
                            "kernel " + version() + ": no member " + path));
        }

        @Override
        public OptionalInt size(String structure) {
            return switch (structure) {
                case "task_struct" -> OptionalInt.of(4096);
                case "security_hook_heads" -> OptionalInt.of(16);
                default -> OptionalInt.empty();
            };
        }

        @Override
        public int requireSize(String structure) throws KernelUnresolvedException {
            return size(structure)
                    .orElseThrow(() -> new KernelUnresolvedException(
                            KernelUnresolvedException.Step.LOOKUP,
                            "kernel " + version() + ": no structure " + structure));
        }

        @Override
        public int symbolCount() {
            return names.size();
        }

        @Override
        public int typeCount() {
            return offsets.size();
        }

        @Override
        public ResolutionTimes times() {
            return new ResolutionTimes(Duration.ZERO, Duration.ZERO, Duration.ZERO);
        }
    }
}
