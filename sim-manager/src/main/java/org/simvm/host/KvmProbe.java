// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.host;

/** Asks KVM what it can do. */
@FunctionalInterface
public interface KvmProbe {
    /** Answers within microseconds, and never fails: what can't be asked is an answer too. */
    KvmReport ask();
}
