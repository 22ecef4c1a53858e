// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.api;

import org.simvm.protocol.ManagerStatus;
import org.simvm.settings.SettingsException;
import org.simvm.settings.SettingsReload;

/** What can be asked of the manager itself, rather than of a domain. */
public interface ManagerControl {
    /** Returns how the manager is doing. */
    ManagerStatus about();

    /**
     * Reads the configuration again.
     *
     * @throws SettingsException everything that is wrong; the old configuration stays in force
     */
    SettingsReload reload() throws SettingsException;
}
