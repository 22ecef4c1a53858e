// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

/** Says what is done about a violation or a finding. Each action includes that it is recorded. */
public enum PolicyAction {
    /** Recorded, and nothing else. */
    LOG("log"),
    /** Told as an alert to everyone who follows the domain's events. */
    ALERT("alert"),
    /** Alert, and the guest is suspended until somebody resumes it. */
    PAUSE("pause"),
    /** Alert, and the guest is suspended and its memory written to a file for later examination. */
    DUMP("dump"),
    /** Alert, and the domain is destroyed (powered off hard). */
    DESTROY("destroy");

    private final String xmlName;

    PolicyAction(String xmlName) {
        this.xmlName = xmlName;
    }

    /** Returns the value of the XML attribute {@code action}. */
    public String xmlName() {
        return xmlName;
    }

    /** Tells whether the guest no longer runs after this action. */
    public boolean stopsGuest() {
        return this == PAUSE || this == DUMP || this == DESTROY;
    }
}
