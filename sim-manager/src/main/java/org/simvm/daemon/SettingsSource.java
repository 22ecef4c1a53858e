// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import org.simvm.settings.ManagerSettings;
import org.simvm.settings.SettingsException;

/** Reads the configuration again. */
@FunctionalInterface
public interface SettingsSource {
    /**
     * Reads it.
     *
     * @throws SettingsException everything that is wrong
     */
    ManagerSettings read() throws SettingsException;
}
