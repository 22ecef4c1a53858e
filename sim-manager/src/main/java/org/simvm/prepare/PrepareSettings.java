// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.prepare;

import java.nio.file.Path;
import org.simvm.settings.MonitorFiles;

/**
 * What of the host's configuration decides how domains are prepared.
 *
 * @param launcher what {@code <emulator>} must name
 * @param qemuUser owner of region files: a name, or {@code +} and a number
 * @param qemuGroup their group, likewise
 * @param regionBytes size of a region whose domain names none
 * @param monitors where monitors are found
 */
public record PrepareSettings(
        Path launcher,
        String qemuUser,
        String qemuGroup,
        long regionBytes,
        MonitorFiles monitors) {}
