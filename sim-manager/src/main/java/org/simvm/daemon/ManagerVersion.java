// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

/** Which build of the manager this is. */
public final class ManagerVersion {
    private ManagerVersion() {}

    /** Returns the version of the jar; {@code development} outside of one. */
    public static String text() {
        String version = ManagerVersion.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
