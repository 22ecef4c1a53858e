// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.util.Optional;

/** Lines with a label each, as {@code virsh dominfo} prints them, and lines below one. */
final class LabelledText {
    private final StringBuilder text = new StringBuilder();

    void line(String label, String value) {
        format("%-16s %s", label + ":", Terminal.coloured(Terminal.oneLine(value)));
    }

    /** Adds a line if there is a value. */
    void line(String label, Optional<String> value) {
        value.ifPresent(present -> line(label, present));
    }

    @SuppressWarnings("AnnotateFormatMethod") // the annotation would be a dependency more
    void format(String form, Object... values) {
        text.append(String.format(form, values)).append('\n');
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
