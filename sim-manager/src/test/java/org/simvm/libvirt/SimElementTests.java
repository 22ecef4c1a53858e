// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.libvirt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The element as libvirt wants it set")
class SimElementTests {
    @Test
    @DisplayName("has neither prefix nor namespace")
    void prefix() {
        assertEquals(
                "<sim required=\"yes\"><monitor name=\"a&amp;b\"/></sim>",
                SimElement.withoutNamespace("<?xml version='1.0'?><!-- x --><sim:sim "
                        + "xmlns:sim='https://simvm.org/xmlns/libvirt/domain/1.0' required='yes'>"
                        + "<sim:monitor name='a&amp;b'/></sim:sim>"));
    }

    @Test
    @DisplayName("stays as it is if it had none")
    void plain() {
        assertEquals("<sim/>", SimElement.withoutNamespace("<sim/>"));
    }

    @Test
    @DisplayName("is refused if it isn't XML, and reads no files")
    void broken() {
        assertThrows(IllegalArgumentException.class, () -> SimElement.withoutNamespace("<sim>"));
        assertThrows(
                IllegalArgumentException.class,
                () -> SimElement.withoutNamespace(
                        "<!DOCTYPE sim [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><sim>&e;</sim>"));
    }
}
