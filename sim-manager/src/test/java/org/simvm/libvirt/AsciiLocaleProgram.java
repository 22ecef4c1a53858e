// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.libvirt;

import java.nio.charset.Charset;
import java.time.Duration;
import java.util.UUID;
import org.simvm.libvirt.Domains.Copy;

/**
 * Run by {@link LibvirtConnectionTests} in a locale of ASCII: reads a name out of libvirt, and
 * writes a text into it.
 */
final class AsciiLocaleProgram {
    private AsciiLocaleProgram() {}

    public static void main(String[] arguments) throws Exception {
        try (LibvirtConnection other =
                new LibvirtConnection("test://" + arguments[0]).start(e -> {})) {
            other.awaitConnected(Duration.ofSeconds(20));
            Domains.Domain first = other.list().get(0);
            UUID web = first.uuid();
            boolean out = first.name().equals("w\u00e9b");
            String xml = other.xml(web, Copy.PERSISTENT);
            other.define(xml.replace("</name>", "</name><title>\u00fc</title>"));
            boolean in = other.xml(web, Copy.PERSISTENT).contains("<title>\u00fc</title>");
            System.out.println(Charset.defaultCharset() + " " + out + " " + in);
        }
    }
}
