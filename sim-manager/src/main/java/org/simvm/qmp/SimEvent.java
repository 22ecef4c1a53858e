// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.qmp;

/** Says what happened to the machine or its SIM device. Events of a connection come in order. */
public sealed interface SimEvent {
    /** Returns {@link System#nanoTime()} when the event was read from the socket. */
    long receivedNanos();

    /**
     * The guest is paused after its first write of {@code MSR_LSTAR} since reset.
     *
     * @param cpu the virtual CPU that wrote it
     * @param lstar the value: where {@code SYSCALL} enters the kernel
     * @param cr3 root of the page tables in force
     * @param cr4 tells the paging levels (bit 12, LA57)
     * @param efer extended features
     * @param receivedNanos when
     */
    record Boot(int cpu, long lstar, long cr3, long cr4, long efer, long receivedNanos)
            implements SimEvent {}

    /**
     * The guest is paused before the instruction at the address of {@link SimDevice#setStop}.
     *
     * @param cpu the virtual CPU that reached it
     * @param address guest virtual address
     * @param cr3 root of the page tables in force
     * @param cr4 tells the paging levels
     * @param receivedNanos when
     */
    record Stop(int cpu, long address, long cr3, long cr4, long receivedNanos)
            implements SimEvent {}

    /**
     * A rule was broken.
     *
     * @param violation what the device saw
     * @param receivedNanos when
     */
    record Violation(SimViolation violation, long receivedNanos) implements SimEvent {}

    /**
     * The monitor woke the ring's reader.
     *
     * @param receivedNanos when
     */
    record Doorbell(long receivedNanos) implements SimEvent {}

    /**
     * The machine was reset: views unmapped, seals gone, the device waits for the next boot.
     *
     * @param receivedNanos when
     */
    record Reset(long receivedNanos) implements SimEvent {}

    /**
     * The last event: the connection is gone.
     *
     * @param reason one line
     * @param receivedNanos when
     */
    record Gone(String reason, long receivedNanos) implements SimEvent {}
}
