// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.session;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.incident.KernelBuild;
import org.simvm.outlets.Notice;
import org.simvm.outlets.Outlets;

@DisplayName("The kernel that a guest was last armed with")
class LastKernelTests {
    private static final KernelBuild OLD =
            new KernelBuild("Linux version 6.12.1 (a@b) #1", Optional.of("0a"));
    private static final KernelBuild REBUILT =
            new KernelBuild("Linux version 6.12.1 (a@b) #1", Optional.of("0b"));

    private static final Notice.Domain DOMAIN = new Notice.Domain(new UUID(0, 1), "web");

    @TempDir
    Path directory;

    private Optional<KernelBuild> booted(KernelBuild kernel) {
        return new LastKernel(directory, DOMAIN, new Outlets(directory)).booted(kernel);
    }

    @Test
    @DisplayName("is reported once when it was another one, over restarts of the manager")
    void changed() {
        assertEquals(Optional.empty(), booted(OLD));
        assertEquals(Optional.empty(), booted(OLD));
        assertEquals(Optional.of(OLD), booted(REBUILT));
        assertEquals(Optional.empty(), booted(REBUILT));
        KernelBuild without = new KernelBuild(OLD.banner(), Optional.empty());
        assertEquals(Optional.of(REBUILT), booted(without));
        assertEquals("6.12.1 (build ID 0b)", REBUILT.toString());
        assertEquals("6.12.1 (no build ID)", without.toString());
    }

    @Test
    @DisplayName("is not known from a damaged file, and known again after the next boot")
    void damaged() throws Exception {
        booted(OLD);
        Files.writeString(directory.resolve("kernel.json"), "{\"for");
        assertEquals(Optional.empty(), booted(REBUILT));
        assertEquals(Optional.of(REBUILT), booted(OLD));
    }
}
