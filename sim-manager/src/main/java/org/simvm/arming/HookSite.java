// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.util.Arrays;
import java.util.HexFormat;
import org.simvm.region.HookDeclaration;

/**
 * A five-byte place in the guest kernel's text that calls a gate.
 *
 * @param monitor index in the region's plan
 * @param declaration the monitor's own
 * @param symbol function and offset, for instance {@code wake_up_new_task+0x4}
 * @param address guest virtual address of the first byte
 * @param gpa guest-physical address of the first byte; the five bytes are physically contiguous
 * @param original the five bytes that were there before
 * @param call the five bytes that are there now: {@code call} gate
 */
@SuppressWarnings("ArrayRecordComponent") // cloned and compared by value here
public record HookSite(
        int monitor,
        HookDeclaration declaration,
        String symbol,
        long address,
        long gpa,
        byte[] original,
        byte[] call) {
    /** Bytes that a hook takes. */
    public static final int LENGTH = 5;

    public HookSite {
        original = original.clone();
        call = call.clone();
    }

    @Override
    public byte[] original() {
        return original.clone();
    }

    @Override
    public byte[] call() {
        return call.clone();
    }

    /** Returns what the call pushes: the address behind it. */
    public long returnAddress() {
        return address + LENGTH;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof HookSite site
                && monitor == site.monitor
                && declaration.equals(site.declaration)
                && symbol.equals(site.symbol)
                && address == site.address
                && gpa == site.gpa
                && Arrays.equals(original, site.original)
                && Arrays.equals(call, site.call);
    }

    @Override
    public int hashCode() {
        return Long.hashCode(address) * 31 + monitor;
    }

    /** Leaves out the bytes now there: they give away where the gate is. */
    @Override
    public String toString() {
        return String.format(
                "hook %d of monitor %d at %s (0x%x, gpa 0x%x, was %s)",
                declaration.id(),
                monitor,
                symbol,
                address,
                gpa,
                HexFormat.of().formatHex(original));
    }
}
