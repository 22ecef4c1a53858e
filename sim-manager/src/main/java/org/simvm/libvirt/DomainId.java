// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.libvirt;

import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds libvirt's number of a running domain in its live XML. */
public final class DomainId {
    private static final Pattern ID =
            Pattern.compile("<domain\\b[^>]{0,400}?\\bid=['\"](\\d{1,9})['\"]");

    private DomainId() {}

    public static OptionalInt of(String xml) {
        Matcher id = ID.matcher(xml);
        return id.find() ? OptionalInt.of(Integer.parseInt(id.group(1))) : OptionalInt.empty();
    }
}
