// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import org.simvm.guest.kernel.PatchSite;
import org.simvm.guest.paging.Translation;

/**
 * The facts that a finding rests on. Their text is made when somebody wants to read it; code looks
 * at the facts, or at {@link Finding#code}.
 */
public sealed interface Evidence {
    /** Says for people what the baseline or the rule wants. */
    String expected();

    /** Says for people what is there. */
    String found();

    /** What no other kind of evidence fits. */
    record Text(String expected, String found) implements Evidence {}

    /**
     * A check that could not do its work.
     *
     * @param reason one line
     */
    record Incomplete(String reason) implements Evidence {
        @Override
        public String expected() {
            return "a check that completes";
        }

        @Override
        public String found() {
            return reason;
        }
    }

    /** Bytes of memory, as hexadecimal digits. */
    record Bytes(String expected, String found) implements Evidence {}

    /**
     * Bytes of a hook, as hexadecimal digits.
     *
     * @param call the hook
     * @param now what stands there
     * @param original what stood there before the hook
     */
    record HookBytes(String call, String now, String original) implements Evidence {
        @Override
        public String expected() {
            return "hook " + call;
        }

        @Override
        public String found() {
            return now.equals(original) ? now + ", what was there before the hook" : now;
        }
    }

    /**
     * Where the kernel's page tables lead from the address of a hook.
     *
     * @param gpa guest-physical address of the hook
     */
    record Mapping(long gpa, Optional<Translation> now) implements Evidence {
        @Override
        public String expected() {
            return String.format("executable at gpa 0x%x", gpa);
        }

        @Override
        public String found() {
            return now.map(at -> String.format(
                            "%sexecutable at gpa 0x%x", at.executable() ? "" : "not ", at.gpa()))
                    .orElse("not mapped");
        }
    }

    /** The guest-physical addresses, at arming and now, of a page that must not move. */
    record Frame(long gpa, long now) implements Evidence {
        @Override
        public String expected() {
            return String.format("mapped to gpa 0x%x", gpa);
        }

        @Override
        public String found() {
            return String.format("mapped to gpa 0x%x", now);
        }
    }

    /** SHA-256 digests, as hexadecimal digits. */
    record Digest(String sha256, String now) implements Evidence {
        @Override
        public String expected() {
            return "sha256 " + sha256;
        }

        @Override
        public String found() {
            return "sha256 " + now;
        }
    }

    /**
     * An address and what it is called.
     *
     * @param name symbol and offset, if one is near
     */
    record Address(long address, Optional<String> name) {
        @Override
        public String toString() {
            return name.map(known -> known + " ").orElse("") + String.format("(0x%x)", address);
        }
    }

    /** Addresses that a register or a pointer has. */
    record Addresses(Address baseline, Address now) implements Evidence {
        @Override
        public String expected() {
            return baseline.toString();
        }

        @Override
        public String found() {
            return now.toString();
        }
    }

    /**
     * An entry of a table.
     *
     * @param baselineAttributes type, selector and stack of an interrupt gate
     * @param replacedBy the function that does the table's work in this kernel, if one does
     */
    record TableEntry(
            Address baseline,
            OptionalInt baselineAttributes,
            Address now,
            OptionalInt nowAttributes,
            Optional<String> replacedBy)
            implements Evidence {
        @Override
        public String expected() {
            return text(baseline, baselineAttributes);
        }

        @Override
        public String found() {
            return text(now, nowAttributes)
                    + replacedBy
                            .map(function -> "; this kernel calls by " + function
                                    + " and reads the table for tracing alone")
                            .orElse("");
        }

        private static String text(Address target, OptionalInt attributes) {
            return target
                    + (attributes.isPresent()
                            ? String.format(" attributes 0x%x", attributes.getAsInt())
                            : "");
        }
    }

    /**
     * Bits of a register.
     *
     * @param required those that must be on
     * @param now the register
     */
    record Bits(long required, long now) implements Evidence {
        @Override
        public String expected() {
            return String.format("bits 0x%x on", required);
        }

        @Override
        public String found() {
            return String.format("0x%x, without bits 0x%x", now, required & ~now);
        }
    }

    /**
     * A place that the kernel patches, and bytes that its own patching never writes.
     *
     * @param now the bytes, as hexadecimal digits
     * @param before those of the baseline
     */
    record PatchedSite(PatchSite site, String now, String before) implements Evidence {
        @Override
        public String expected() {
            return switch (site.kind()) {
                case FTRACE -> "a NOP, or a call of one of ftrace's trampolines";
                case JUMP_LABEL -> String.format("a NOP, or a jump to 0x%x", site.target());
                case STATIC_CALL, STATIC_CALL_TRAMPOLINE -> "a static call of the kernel's code";
                case FTRACE_CALLER -> "a call of the kernel's code";
                case LOCK_PREFIX -> "a lock prefix";
            };
        }

        @Override
        public String found() {
            return now + ", before " + before;
        }
    }

    /**
     * Things that happened within some time, and should not have.
     *
     * @param count at least 1
     */
    record Rate(long count, Duration time) implements Evidence {
        @Override
        public String expected() {
            return "none that are forged";
        }

        @Override
        public String found() {
            double seconds = Math.max(time.toNanos() / 1e9, 1e-3);
            return String.format(
                    Locale.ROOT,
                    "%d of no hook in %.1f s, %.1f a second",
                    count,
                    seconds,
                    count / seconds);
        }
    }

    /**
     * Ids of a process.
     *
     * @param capabilities permitted ones, as in {@code CapPrm} of {@code /proc/PID/status}
     */
    record Ids(int uid, int euid, int gid, int egid, long capabilities) {
        @Override
        public String toString() {
            return String.format(
                    "uid %s, euid %s, gid %s, egid %s, capabilities 0x%x",
                    Integer.toUnsignedString(uid),
                    Integer.toUnsignedString(euid),
                    Integer.toUnsignedString(gid),
                    Integer.toUnsignedString(egid),
                    capabilities);
        }
    }

    /**
     * Credentials of a process.
     *
     * @param before those at the last look, if there was one
     * @param why it can't have got them by the kernel's rules
     */
    record Credentials(Optional<Ids> before, Ids now, String why) implements Evidence {
        @Override
        public String expected() {
            return before.map(Ids::toString).orElse("credentials of its own");
        }

        @Override
        public String found() {
            return now + ": " + why;
        }
    }

    /**
     * A pointer to a function.
     *
     * @param target where it leads
     */
    record Target(Address target) implements Evidence {
        @Override
        public String expected() {
            return "a function of the kernel or of a listed module";
        }

        @Override
        public String found() {
            return target.name().isPresent() ? target.toString() : "no known code " + target;
        }
    }
}
