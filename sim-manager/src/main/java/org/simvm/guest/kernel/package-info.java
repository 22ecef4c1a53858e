// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Finds out of guest memory alone what a Linux kernel is made of: symbols (kallsyms) and structures
 * (BTF).
 *
 * <p>{@link org.simvm.guest.kernel.KernelResolver} takes the guest's virtual memory, stopped just
 * after the kernel wrote {@code MSR_LSTAR}, finds the kernel image below {@code ffffffffc0000000},
 * decodes the tables which the kernel carries for itself, verifies them against each other and
 * against LSTAR, and gives an immutable {@link org.simvm.guest.kernel.Kernel}, which holds copies
 * and never looks at the guest again. No profile, debug package or {@code System.map} takes part.
 *
 * <p>The layouts are those that {@code scripts/kallsyms.c} of Linux 4.20 to 7.x writes; see
 * {@link org.simvm.guest.kernel.KernelResolver} for the list. BTF is described in the kernel's
 * {@code Documentation/bpf/btf.rst}.
 *
 * <p>All of it may be hostile: every count, length and index is checked before use, the work is
 * bounded by the limits that each parser names, and a kernel that doesn't resolve gives a
 * {@link org.simvm.guest.kernel.KernelUnresolvedException} that says in one line which step failed.
 */
package org.simvm.guest.kernel;
