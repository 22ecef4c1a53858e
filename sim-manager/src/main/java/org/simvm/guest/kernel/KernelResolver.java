// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.time.Duration;
import java.util.OptionalLong;
import org.simvm.guest.kernel.KernelUnresolvedException.Step;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;

/**
 * Resolves the Linux kernel in a guest's memory.
 *
 * <p>Decodes kallsyms as 64-bit kernels since 4.20 have it: tables before or behind the names, with
 * or without {@code kallsyms_seqs_of_names}, aligned to 4 or 8, one- and two-byte lengths,
 * addresses absolute, relative to a base (with or without absolute per-CPU symbols) or relative to
 * their own place. No version number is asked; what fits is taken, and must then pass these checks:
 * {@code entry_SYSCALL_64} is what LSTAR holds, {@code linux_banner} reads "Linux version", and
 * {@code init_task.comm}, found with BTF's offset, is "swapper".
 */
public final class KernelResolver {
    private static final int BANNER_LIMIT = 1024;
    private static final String BANNER_START = "Linux version ";

    private KernelResolver() {}

    /**
     * Resolves the kernel of a guest and checks it against LSTAR.
     *
     * <p>The guest should be paused. Nothing of it is kept but copies.
     *
     * @param virtual memory as the guest's kernel sees it (any CR3 that maps the kernel)
     * @param lstar value of {@code MSR_LSTAR}
     * @throws KernelUnresolvedException with one line that says which step failed and why
     */
    public static Kernel resolve(VirtualMemory virtual, long lstar)
            throws KernelUnresolvedException {
        return resolve(virtual, OptionalLong.of(lstar));
    }

    /**
     * Resolves the kernel of a guest whose LSTAR is perhaps not known, for a look at a guest that
     * is not armed.
     *
     * @param virtual memory as the guest's kernel sees it
     * @param lstar value of {@code MSR_LSTAR}, or empty to leave that check out
     * @throws KernelUnresolvedException with one line that says which step failed and why
     */
    public static Kernel resolve(VirtualMemory virtual, OptionalLong lstar)
            throws KernelUnresolvedException {
        long start = System.nanoTime();
        KernelImage image = KernelImage.find(virtual);
        long imageFound = System.nanoTime();
        SymbolTable symbols = symbols(image, lstar);
        String banner = banner(image, symbols);
        VirtualRange text = text(image, symbols);
        long symbolsFound = System.nanoTime();
        TypeTable types = types(image, symbols);
        long typesFound = System.nanoTime();
        ResolutionTimes times = new ResolutionTimes(
                Duration.ofNanos(imageFound - start),
                Duration.ofNanos(symbolsFound - imageFound),
                Duration.ofNanos(typesFound - symbolsFound));
        ResolvedKernel kernel = new ResolvedKernel(
                banner, BuildId.of(image, symbols), image.range(), text, symbols, types, times);
        checkFirstTask(image, kernel);
        return kernel;
    }

    private static SymbolTable symbols(KernelImage image, OptionalLong lstar)
            throws KernelUnresolvedException {
        boolean namesFound = false;
        long wrongEntry = 0;
        try {
            for (TokenSearch.Found tokens : TokenSearch.search(image)) {
                NameList names = NameList.find(image, tokens.start());
                if (names == null) {
                    continue;
                }
                namesFound = true;
                for (long[] addresses : AddressList.find(image, names, tokens.end())) {
                    SymbolTable symbols = new SymbolTable(tokens.tokens(), names, addresses);
                    int entry = symbols.find("entry_SYSCALL_64");
                    if (entry >= 0
                            && (lstar.isEmpty() || lstar.getAsLong() == symbols.address(entry))) {
                        return symbols;
                    }
                    wrongEntry = entry >= 0 ? symbols.address(entry) : wrongEntry;
                }
            }
        } catch (GuestMemoryException e) {
            throw new KernelUnresolvedException(
                    Step.SYMBOLS,
                    "kernel symbols: kernel image is not readable: " + e.getMessage(),
                    e);
        }
        if (wrongEntry != 0) {
            throw new KernelUnresolvedException(
                    Step.VERIFICATION,
                    String.format(
                            "kernel symbols: kallsyms has entry_SYSCALL_64 at 0x%x, but LSTAR "
                                    + "is 0x%x; either is"
                                    + " forged, or something else handles system calls",
                            wrongEntry, lstar.orElse(0)));
        }
        throw new KernelUnresolvedException(
                Step.SYMBOLS,
                namesFound
                        ? "kernel symbols: kallsyms found, but its addresses have none of the "
                                + "known layouts, or"
                                + " entry_SYSCALL_64 is not listed (CONFIG_KALLSYMS_ALL=y is "
                                + "needed)"
                        : "kernel symbols: no kallsyms in the kernel image from "
                                + Long.toHexString(image.range().start())
                                + " on; run a kernel that is built with CONFIG_KALLSYMS=y");
    }

    private static String banner(KernelImage image, SymbolTable symbols)
            throws KernelUnresolvedException {
        int symbol = symbols.find("linux_banner");
        String banner = symbol < 0
                ? ""
                : string(image, symbols.address(symbol), BANNER_LIMIT).strip();
        if (!banner.startsWith(BANNER_START)) {
            throw new KernelUnresolvedException(
                    Step.VERIFICATION,
                    "kernel symbols: linux_banner does not read '" + BANNER_START
                            + "...': kallsyms is not this kernel's");
        }
        return banner;
    }

    private static VirtualRange text(KernelImage image, SymbolTable symbols)
            throws KernelUnresolvedException {
        int first = symbols.find("_stext");
        int last = symbols.find("_etext");
        if (first >= 0 && last >= 0) {
            long start = symbols.address(first);
            long end = symbols.address(last);
            if (image.range().contains(start) && image.range().contains(end) && start < end) {
                return new VirtualRange(start, end);
            }
        }
        throw new KernelUnresolvedException(
                Step.VERIFICATION,
                "kernel symbols: _stext and _etext do not bound a piece of the kernel image");
    }

    private static TypeTable types(KernelImage image, SymbolTable symbols)
            throws KernelUnresolvedException {
        try {
            return TypeSearch.search(image, symbols);
        } catch (GuestMemoryException e) {
            throw new KernelUnresolvedException(
                    Step.TYPES, "kernel types: BTF is not readable: " + e.getMessage(), e);
        }
    }

    /** Checks that symbols and types are of the same kernel. */
    private static void checkFirstTask(KernelImage image, ResolvedKernel kernel)
            throws KernelUnresolvedException {
        long task = kernel.requireSymbol("init_task");
        String name = string(image, task + kernel.requireOffset("task_struct.comm"), 16);
        if (!name.startsWith("swapper")) {
            throw new KernelUnresolvedException(
                    Step.VERIFICATION,
                    "kernel types: init_task.comm is not 'swapper': BTF does not describe "
                            + "this kernel");
        }
    }

    /** Returns the printable string at an address of the image, empty if it is not in the image. */
    private static String string(KernelImage image, long va, int limit) {
        VirtualRange run = image.run(va);
        StringBuilder text = new StringBuilder();
        try {
            for (byte character : image.read(va, (int) Math.min(limit, run.end() - va))) {
                if (character == 0) {
                    break;
                }
                boolean shown = (character >= ' ' && character < 0x7f) || character == '\n';
                text.append(shown ? (char) character : '?');
            }
        } catch (GuestMemoryException e) {
            return "";
        }
        return text.toString();
    }
}
