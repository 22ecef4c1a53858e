// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * One copy of what guests of the same kernel have in common, for as long as one of them needs it: a
 * host has many guests and few kernels, and names and types of a kernel are 10 MiB. Only what is
 * equal byte by byte is shared, so no guest has a say in what another one's kernel looks like.
 */
final class CommonCopies<T> {
    private final List<WeakReference<T>> copies = new ArrayList<>();

    /** Returns the copy that somebody has of the same. */
    synchronized Optional<T> find(Predicate<T> same) {
        copies.removeIf(copy -> copy.refersTo(null));
        return copies.stream()
                .map(WeakReference::get)
                .filter(copy -> copy != null && same.test(copy))
                .findFirst();
    }

    /** Shares a copy from now on, and returns it. */
    synchronized T add(T copy) {
        copies.add(new WeakReference<>(copy));
        return copy;
    }
}
