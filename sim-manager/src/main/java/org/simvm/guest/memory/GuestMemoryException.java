// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.memory;

/**
 * Says that guest memory could not be read, and at which address.
 *
 * <p>The message is one line that names the address and the reason.
 */
public class GuestMemoryException extends Exception {
    private static final long serialVersionUID = 1L;

    private final long address;

    /**
     * Makes the exception.
     *
     * @param address the guest-physical or guest-virtual address that could not be read
     * @param message one line which names that address
     */
    public GuestMemoryException(long address, String message) {
        super(message);
        this.address = address;
    }

    /**
     * Makes the exception for an address that could not be read because of an earlier one.
     *
     * @param address the guest-physical or guest-virtual address that could not be read
     * @param message one line which names that address
     * @param cause what failed underneath
     */
    public GuestMemoryException(long address, String message, Throwable cause) {
        super(message, cause);
        this.address = address;
    }

    /**
     * Returns the address that could not be read; the message says whether it is a physical or a
     * virtual one.
     */
    public long address() {
        return address;
    }

    /** Returns the exception for {@code length} bytes at {@code gpa} that are not all guest RAM. */
    public static GuestMemoryException notRam(long gpa, long length) {
        return new GuestMemoryException(
                gpa,
                String.format(
                        "guest-physical address 0x%x (%d bytes) is not guest RAM", gpa, length));
    }
}
