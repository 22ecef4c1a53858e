// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.prepare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.simvm.region.FileOwner;

/**
 * The file that tells the launcher what to add to QEMU's command line: one argument a line
 * (docs/interfaces.md, section 4).
 */
public final class LaunchFile {
    private LaunchFile() {}

    public static void write(Path directory, DomainSpec spec, FileOwner owner)
            throws IOException, PreparationException {
        List<String> arguments = new ArrayList<>(List.of(
                "-object",
                "memory-backend-file,id=simmem,mem-path=" + optionValue(directory.resolve("region"))
                        + ",size=" + spec.plan().fileSize() + ",share=on",
                "-device",
                "sim-region,id=sim0,memdev=simmem",
                "-chardev",
                "socket,id=simqmp,path=" + optionValue(directory.resolve("qmp.sock"))
                        + ",server=on,wait=off",
                "-mon",
                "chardev=simqmp,mode=control"));
        if (spec.kvm() && spec.plan().gate().inGuest()) {
            // Of libvirt's own -machine and this one QEMU makes one.
            arguments.addAll(
                    List.of("-machine", "sim-view=" + spec.plan().gate().wireName()));
        }
        Path unfinished = directory.resolve(".launch");
        Files.deleteIfExists(unfinished);
        Files.createFile(
                unfinished,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.write(unfinished, arguments);
        Files.setAttribute(unfinished, "unix:uid", owner.uid());
        Files.setAttribute(unfinished, "unix:gid", owner.gid());
        Files.move(unfinished, directory.resolve("launch"), StandardCopyOption.ATOMIC_MOVE);
    }

    /** QEMU's option syntax doubles a comma in a value; the launch file cannot carry a newline. */
    private static String optionValue(Path path) throws PreparationException {
        String text = path.toString();
        if (text.indexOf('\n') >= 0) {
            throw new PreparationException(
                    "the run directory's name has a newline in it: " + path, null);
        }
        return text.replace(",", ",,");
    }
}
