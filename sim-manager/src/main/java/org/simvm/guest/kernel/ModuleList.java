// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;

/**
 * Reads the guest's list of modules while it runs. The list may change under the reader, may leave
 * a module out, and may lead anywhere.
 */
public final class ModuleList {
    private static final int MOST = 4096;
    private static final int NAME = 56;
    /** Most bytes of a module's text: amdgpu, the largest, has below 16 MiB. */
    private static final long LARGEST_TEXT = 64 << 20;

    private final VirtualMemory memory;
    private final long head;
    private final int list;
    private final int name;
    private final int state;
    private final int textBase;
    private final int textSize;
    private final OptionalInt entry;
    private final OptionalInt entryNumber;
    private final Member ftrace;
    private final Member jumps;
    private final Member calls;

    private record Member(OptionalInt table, OptionalInt count) {
        KernelModule.Table read(VirtualMemory memory, long module) throws GuestMemoryException {
            return table.isEmpty() || count.isEmpty()
                    ? KernelModule.Table.NONE
                    : new KernelModule.Table(
                            memory.readLong(module + table.getAsInt()),
                            memory.readInt(module + count.getAsInt()) & 0xffffffffL);
        }
    }

    private ModuleList(Kernel kernel, VirtualMemory memory, long head)
            throws KernelUnresolvedException {
        this.memory = memory;
        this.head = head;
        list = kernel.requireOffset("module.list");
        name = kernel.requireOffset("module.name");
        state = kernel.requireOffset("module.state");
        OptionalInt regions =
                kernel.offset("module.mem"); // since 6.4; MOD_TEXT is the first of them
        if (regions.isPresent()) {
            textBase = regions.getAsInt() + kernel.requireOffset("module_memory.base");
            textSize = regions.getAsInt() + kernel.requireOffset("module_memory.size");
        } else {
            textBase = kernel.requireOffset("module.core_layout.base");
            textSize = kernel.requireOffset("module.core_layout.text_size");
        }
        entry = sum(
                kernel.offset("module.mkobj"),
                kernel.offset("module_kobject.kobj"),
                kernel.offset("kobject.sd"));
        entryNumber = kernel.offset("kernfs_node.id");
        ftrace = new Member(
                kernel.offset("module.ftrace_callsites"),
                kernel.offset("module.num_ftrace_callsites"));
        jumps = new Member(
                kernel.offset("module.jump_entries"), kernel.offset("module.num_jump_entries"));
        calls = new Member(
                kernel.offset("module.static_call_sites"),
                kernel.offset("module.num_static_call_sites"));
    }

    private static OptionalInt sum(OptionalInt... offsets) {
        return Stream.of(offsets).allMatch(OptionalInt::isPresent)
                ? OptionalInt.of(
                        Stream.of(offsets).mapToInt(OptionalInt::getAsInt).sum())
                : OptionalInt.empty();
    }

    /**
     * Makes a reader; a kernel without modules has an empty list.
     *
     * @throws KernelUnresolvedException if the kernel has modules and its types do not say how they
     *     look
     */
    public static Optional<ModuleList> of(Kernel kernel, VirtualMemory memory)
            throws KernelUnresolvedException {
        OptionalLong head = kernel.symbols("modules").stream() // its type is no help: 7.2 says T
                .mapToLong(Symbol::address)
                .filter(address -> isList(memory, address))
                .findFirst();
        return head.isEmpty()
                ? Optional.empty()
                : Optional.of(new ModuleList(kernel, memory, head.getAsLong()));
    }

    /**
     * Tells the head of a list, even an empty one, from other variables of the name: the next entry
     * leads back.
     */
    private static boolean isList(VirtualMemory memory, long address) {
        try {
            return memory.readLong(memory.readLong(address) + Long.BYTES) == address;
        } catch (GuestMemoryException e) {
            return false;
        }
    }

    /**
     * Reads the list once.
     *
     * @throws GuestMemoryException if it leads out of memory, does not end, or holds what is no
     *     module
     */
    public List<KernelModule> read() throws GuestMemoryException {
        List<KernelModule> modules = new ArrayList<>();
        for (long at = memory.readLong(head); at != head; at = memory.readLong(at)) {
            if (modules.size() >= MOST) {
                throw new GuestMemoryException(
                        at, "the guest's list of modules has more than " + MOST + " entries");
            }
            modules.add(module(at - list));
        }
        return modules;
    }

    private KernelModule module(long module) throws GuestMemoryException {
        long start = memory.readLong(module + textBase);
        long size = memory.readInt(module + textSize) & 0xffffffffL;
        if (size > LARGEST_TEXT || start >= 0 || start > -1 - size) {
            throw new GuestMemoryException(
                    module,
                    String.format(
                            "the module at 0x%x has %d bytes of text at 0x%x",
                            module, size, start));
        }
        return new KernelModule(
                module,
                memory.readString(module + name, NAME).replaceAll("[^\\x21-\\x7e]", "?"),
                memory.readInt(module + state),
                load(module),
                new VirtualRange(start, start + size),
                ftrace.read(memory, module),
                jumps.read(memory, module),
                calls.read(memory, module));
    }

    /** Each entry of sysfs gets a number of its own, a module that is loaded again another one. */
    private long load(long module) throws GuestMemoryException {
        long node = entry.isEmpty() || entryNumber.isEmpty()
                ? 0
                : memory.readLong(module + entry.getAsInt());
        return node == 0 ? 0 : memory.readLong(node + entryNumber.getAsInt());
    }
}
