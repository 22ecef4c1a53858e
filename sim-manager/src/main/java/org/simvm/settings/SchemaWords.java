// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.util.function.Function;

/** The words of the schema's enumerations, and the constants that they stand for. */
final class SchemaWords {
    private SchemaWords() {}

    /** Finds the constant for a word of the schema; a test holds the two lists together. */
    static <E> E named(E[] constants, Function<E, String> xmlName, String word) {
        for (E constant : constants) {
            if (xmlName.apply(constant).equals(word)) {
                return constant;
            }
        }
        throw new IllegalStateException(
                "the schema knows a word that the settings do not: " + word);
    }
}
