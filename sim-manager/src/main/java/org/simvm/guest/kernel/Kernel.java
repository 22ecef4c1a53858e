// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * A guest's kernel, resolved: where its functions and variables are and how its structures are laid
 * out.
 *
 * <p>Immutable and safe for concurrent use; a copy of what guest memory said when it was resolved.
 * All of it is controlled by the guest, verified only against itself and against LSTAR. Addresses
 * are guest-virtual, KASLR included.
 */
public interface Kernel {
    /**
     * Returns the release, as {@code uname -r} prints it, for instance
     * {@code 6.12.117+deb13-cloud-amd64}.
     */
    String version();

    /**
     * Returns the whole of {@code linux_banner} without its newline; printable ASCII, others
     * replaced by '?'.
     */
    String banner();

    /** Returns the build ID that the linker gave it, in hexadecimal; empty if it has none. */
    Optional<String> buildId();

    /** Returns the range of the kernel image, from the first to the last mapped page. */
    VirtualRange image();

    /** Returns the range of the core kernel text, {@code _stext} up to {@code _etext}. */
    VirtualRange text();

    /**
     * Returns the address of a symbol; of several with the same name the lowest address.
     *
     * <p>Symbols of per-CPU variables have the value that a {@code %gs:} operand has, up to 6.14 an
     * offset below the image, later an address in it: its low 32 bits are the displacement in
     * either case.
     *
     * @param name the full name, with any {@code .constprop.0} or {@code .isra.0} that the compiler
     *     appended
     */
    OptionalLong symbol(String name);

    /** Returns every symbol with this name, in rising order of address. */
    List<Symbol> symbols(String name);

    /**
     * Returns the symbols that compilers made from this one: its name, a dot, and more, as in
     * {@code do_exit.constprop.0}; in rising order of address.
     */
    List<Symbol> derived(String name);

    /**
     * Returns the address of a symbol that must be there and be the only one of its name.
     *
     * @throws KernelUnresolvedException in one line, if there is none or more than one
     */
    long requireSymbol(String name) throws KernelUnresolvedException;

    /**
     * Returns the symbol at or before an address of the image, and how far behind it the address
     * is.
     *
     * <p>Of several symbols at the same address a global function is preferred. The result is empty
     * for an address outside the image or before the first symbol.
     */
    Optional<SymbolOffset> symbolAt(long va);

    /** Tells whether a symbol stands for exactly this address. */
    boolean hasSymbolAt(long va);

    /**
     * Returns the byte offset of a structure's member, or nothing if there is none or BTF has
     * several answers.
     *
     * @param path {@code STRUCT.MEMBER[.MEMBER...]}: members of nested and of anonymous structures
     *     and unions, through typedefs, for instance {@code task_struct.pid} or
     *     {@code cred.uid.val}; alternatives for names that changed are separated by {@code |}, and
     *     the first that is there counts. Pointers are not followed, and bit fields have no offset.
     * @throws IllegalArgumentException if an alternative is not a path of at least two names
     */
    OptionalInt offset(String path);

    /**
     * Returns the byte offset of a member that must be there.
     *
     * @param path as for {@link #offset}
     * @throws KernelUnresolvedException in one line which says what is missing or ambiguous
     */
    int requireOffset(String path) throws KernelUnresolvedException;

    /**
     * Returns the size in bytes of a structure or union, or nothing if there is none or several
     * differ.
     */
    OptionalInt size(String structure);

    /**
     * Returns the size in bytes of a structure or union that must be there; alternatives as for
     * {@link #offset}.
     *
     * @throws KernelUnresolvedException in one line which says what is missing or ambiguous
     */
    int requireSize(String structure) throws KernelUnresolvedException;

    /**
     * Returns what a function takes, or nothing if BTF does not list the function, or has several
     * answers. It lists few that ftrace can't trace.
     *
     * @return the first six parameters at most
     */
    Optional<List<Parameter>> parameters(String function);

    /** Returns the number of symbols. */
    int symbolCount();

    /** Returns the number of BTF types. */
    int typeCount();

    /** Returns how long each step of the resolution took. */
    ResolutionTimes times();
}
