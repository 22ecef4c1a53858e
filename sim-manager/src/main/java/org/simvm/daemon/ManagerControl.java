// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import com.fasterxml.jackson.databind.node.ObjectNode;

import org.simvm.settings.SettingsException;
import org.simvm.settings.SettingsReload;

/** What can be asked of the manager itself, rather than of a domain. */
interface ManagerControl {
    /** Tells how the manager is. */
    ObjectNode about();

    /**
     * Reads the configuration anew.
     *
     * @throws SettingsException everything that is wrong; the old configuration stays in force
     */
    SettingsReload reload() throws SettingsException;
}
