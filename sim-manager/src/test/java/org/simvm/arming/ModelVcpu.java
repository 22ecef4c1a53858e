// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.math.BigInteger;

/** The registers of {@link ModelQemu}'s one vCPU, as QEMU shows them. */
public final class ModelVcpu {
    private long cr3 = SyntheticGuest.CR3;
    private long lstar;
    private long cr4 = 0x20;
    private long efer = 0xd01;
    private long idt = 0xfffffe0000000000L;
    private long star = 0x0023_0010_0000_0000L;
    private long fmask = 0x257fd5;
    private long sysenterCs = 0x10;
    private int ring;

    synchronized void lstar(long value) {
        lstar = value;
    }

    public synchronized void set(long newCr3, long newLstar, long newIdt) {
        cr3 = newCr3;
        lstar = newLstar;
        idt = newIdt;
    }

    public synchronized void protection(long newCr4, long newEfer) {
        cr4 = newCr4;
        efer = newEfer;
    }

    public synchronized void entries(long newStar, long newFmask, long newSysenterCs) {
        star = newStar;
        fmask = newFmask;
        sysenterCs = newSysenterCs;
    }

    synchronized void ring(int value) {
        ring = value;
    }

    /** Returns what HMP's {@code info registers} prints. */
    synchronized JsonNode shown() {
        return JsonNodeFactory.instance.textNode("RIP=00001000 [---] CPL=" + ring + " II=0");
    }

    /** Returns what {@code query-sim} says of it. */
    synchronized ObjectNode described() {
        return JsonNodeFactory.instance
                .objectNode()
                .put("index", 0)
                .put("view", "normal")
                .put("calls", 0)
                .put("cr3", cr3)
                .put("cr4", cr4)
                .put("efer", efer)
                .put("lstar", unsigned(lstar))
                .put("star", star)
                .put("fmask", fmask)
                .put("sysenter-cs", sysenterCs)
                .put("idt", unsigned(idt))
                .put("rip", 0);
    }

    /** Returns what {@code query-cpus-fast} says of its thread. */
    JsonNode thread() {
        ObjectNode cpu = JsonNodeFactory.instance.objectNode();
        return JsonNodeFactory.instance
                .arrayNode()
                .add(cpu.put("cpu-index", 0).put("thread-id", 1));
    }

    /** Returns what the events of its stops have in common. */
    static ObjectNode stopped() {
        return JsonNodeFactory.instance
                .objectNode()
                .put("cpu", 0)
                .put("cr3", SyntheticGuest.CR3)
                .put("cr4", 0x20);
    }

    /** Returns an address as JSON has it. */
    static BigInteger unsigned(long address) {
        return new BigInteger(Long.toUnsignedString(address));
    }
}
