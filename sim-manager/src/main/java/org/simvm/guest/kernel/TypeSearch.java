// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import org.simvm.guest.kernel.KernelUnresolvedException.Step;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.memory.LittleEndian;

/**
 * Finds BTF in a kernel image: by the symbols that bound it, or by its magic number where they are
 * not listed.
 */
final class TypeSearch {
    private static final int WINDOW = 1 << 20;
    private static final int ALIGNMENT = 4;
    /** Fewer bytes describe no kernel. */
    private static final int SIZE_MINIMUM = 256;
    /** Finds that are parsed; each may be as large as the limit. */
    private static final int CANDIDATE_LIMIT = 8;

    private TypeSearch() {}

    /** Returns the kernel's types. */
    static TypeTable search(KernelImage image, SymbolTable symbols)
            throws KernelUnresolvedException, GuestMemoryException {
        int start = symbols.find("__start_BTF");
        int stop = symbols.find("__stop_BTF");
        if (start >= 0 && stop >= 0) {
            return between(image, symbols.address(start), symbols.address(stop));
        }
        return anywhere(image);
    }

    private static TypeTable between(KernelImage image, long start, long stop)
            throws KernelUnresolvedException, GuestMemoryException {
        if (start == stop) {
            throw withoutTypes();
        }
        long size = stop - start;
        if (size < TypeTable.HEADER_SIZE
                || size > TypeTable.SIZE_LIMIT
                || !image.run(start).contains(start, size)) {
            throw new KernelUnresolvedException(
                    Step.TYPES,
                    String.format(
                            "kernel types: __start_BTF 0x%x and __stop_BTF 0x%x do not bound "
                                    + "a piece of the kernel's"
                                    + " image",
                            start, stop));
        }
        try {
            return TypeTable.parse(image.read(start, (int) size));
        } catch (TypeTable.MalformedException e) {
            throw new KernelUnresolvedException(
                    Step.TYPES,
                    String.format(
                            "kernel types: the guest's kernel carries no BTF where it should, "
                                    + "at 0x%x (%s); run one that is"
                                    + " built with CONFIG_DEBUG_INFO_BTF=y (distributions' "
                                    + "kernels are)",
                            start, e.getMessage()),
                    e);
        }
    }

    private static TypeTable anywhere(KernelImage image)
            throws KernelUnresolvedException, GuestMemoryException {
        TypeTable[] found = {null};
        int[] candidates = {0};
        image.scan(WINDOW, TypeTable.HEADER_SIZE, (va, bytes, length) -> {
            int last = Math.min(WINDOW - ALIGNMENT, length - TypeTable.HEADER_SIZE);
            for (int at = 0; at <= last && found[0] == null; at += ALIGNMENT) {
                if ((LittleEndian.getInt(bytes, at) & 0xff_ffff) == (TypeTable.MAGIC | 1 << 16)) {
                    int size = TypeTable.announcedSize(bytes, at);
                    if (size >= SIZE_MINIMUM
                            && image.run(va + at).contains(va + at, size)
                            && candidates[0]++ < CANDIDATE_LIMIT) {
                        found[0] = parse(image.read(va + at, size));
                    }
                }
            }
            return found[0] == null && candidates[0] < CANDIDATE_LIMIT;
        });
        if (found[0] == null) {
            throw withoutTypes();
        }
        return found[0];
    }

    /** Returns the types, or null if these bytes only look like BTF at first sight. */
    private static TypeTable parse(byte[] bytes) {
        try {
            TypeTable types = TypeTable.parse(bytes);
            return types.structures("task_struct").length > 0 ? types : null;
        } catch (TypeTable.MalformedException e) {
            return null;
        }
    }

    private static KernelUnresolvedException withoutTypes() {
        return new KernelUnresolvedException(
                Step.TYPES,
                "kernel types: the guest's kernel carries no BTF;"
                        + " run one that is built with CONFIG_DEBUG_INFO_BTF=y "
                        + "(distributions' kernels are)");
    }
}
