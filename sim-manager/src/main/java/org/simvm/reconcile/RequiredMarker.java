// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.reconcile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.simvm.state.StateFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The marker by which the launcher refuses to start a domain that was not prepared. */
final class RequiredMarker {
    private static final Logger log = LoggerFactory.getLogger(RequiredMarker.class);

    private RequiredMarker() {}

    /** Sets or removes a domain's marker; it stays as it is where that fails. */
    static void set(Path marker, boolean required) {
        try {
            if (!required) {
                Files.deleteIfExists(marker);
            } else if (!Files.exists(marker)) {
                Files.createFile(marker);
                StateFile.sync(marker.getParent());
            }
        } catch (IOException e) {
            log.error(
                    "{}: the marker of a domain that requires SIM can't be {}: {}",
                    marker,
                    required ? "set" : "removed",
                    e.toString());
        }
    }
}
