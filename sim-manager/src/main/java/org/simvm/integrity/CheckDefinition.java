// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.qmp.QmpException;
import org.simvm.region.RegionException;
import org.simvm.settings.IntegrityCheck;

/**
 * Defines a check: each class of checks has one or more of these, and {@link Checks} lists them.
 *
 * @param <S> what the check keeps for a later manager
 * @param name unique; names its section of {@code baseline.json}
 * @param group the {@code <sim:check>} that the user turns on, and that a report names
 * @param section type of its section, a record that Jackson can write and read
 * @param recorder makes the check of a guest that is paused, whose state becomes the baseline
 * @param resumer makes the check of a running guest from what an earlier manager kept
 */
record CheckDefinition<S>(
        String name,
        IntegrityCheck group,
        Class<S> section,
        Recorder recorder,
        Resumer<S> resumer) {

    /** Makes a check, or nothing if the guest has nothing that it could look at. */
    interface Recorder {
        Optional<Check> record(CheckedGuest guest)
                throws BaselineException, GuestMemoryException, RegionException, QmpException,
                        InterruptedException;
    }

    /** Makes a check from what {@link Check#section} returned, in the same directory. */
    interface Resumer<S> {
        Check resume(CheckedGuest guest, S section, Path directory) throws IOException;
    }

    /** Makes a check that compares with no baseline. */
    interface Factory {
        Optional<Check> create(CheckedGuest guest) throws BaselineException;
    }

    /** Says that a check has no section, as it needs none. */
    static CheckDefinition<Void> withoutBaseline(
            String name, IntegrityCheck group, Factory factory) {
        return new CheckDefinition<>(name, group, Void.class, factory::create, null);
    }

    /**
     * Makes the check of a guest that an earlier manager armed.
     *
     * @return nothing if the earlier manager kept no section for it, as it did not know this check
     *     or the guest has nothing for it: what the guest shows now is no baseline
     */
    Optional<Check> resume(CheckedGuest guest, Baseline baseline, Path directory)
            throws BaselineException, IOException {
        if (resumer == null) {
            try {
                return recorder.record(guest);
            } catch (GuestMemoryException | RegionException | QmpException e) {
                throw new BaselineException(e.getMessage(), e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new BaselineException("the manager is stopping", e);
            }
        }
        Optional<S> kept = baseline.section(name, section, directory);
        return kept.isPresent()
                ? Optional.of(resumer.resume(guest, kept.get(), directory))
                : Optional.empty();
    }
}
