// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import picocli.CommandLine.Help.Ansi;

/**
 * What a person sees: words in colour (on a terminal only), tables, and no control characters that
 * came from elsewhere.
 */
final class Terminal {
    private static final int STANDARD_OUTPUT = 1;
    private static final long TIOCGWINSZ = 0x5413;
    /** C0, DEL and C1, which 8-bit terminals obey, and Unicode's line separators. */
    private static final Pattern CONTROL = Pattern.compile("\\s*[\\p{Cc}\u2028\u2029]+\\s*");

    private Terminal() {}

    /** What one asks of libc about a terminal. */
    private interface LibC extends Library {
        int ioctl(int descriptor, NativeLong request, short[] size);
    }

    /** Returns the rows of the terminal that standard output is; empty if it is none. */
    static OptionalInt rows() {
        short[] size = new short[4]; // struct winsize
        int status = Native.load("c", LibC.class)
                .ioctl(STANDARD_OUTPUT, new NativeLong(TIOCGWINSZ), size);
        return status != 0 || size[0] <= 0 ? OptionalInt.empty() : OptionalInt.of(size[0]);
    }

    /** Makes one harmless line of a text. */
    static String oneLine(String text) {
        return CONTROL.matcher(text).replaceAll(" ").strip();
    }

    /** Colours a word of our own by what it means; anything else stays as it is. */
    static String coloured(String word) {
        String style = switch (word) {
            case "PASS", "armed", "yes" -> "green";
            case "WARN", "prepared", "connecting", "waiting", "resolving", "preparing", "mapped" ->
                "yellow";
            case "FAIL", "failed", "stopped", "unprotected", "invalid", "VIOLATION" -> "bold,red";
            default -> "";
        };
        return style.isEmpty() || !word.matches("[A-Za-z]+")
                ? word
                : Ansi.AUTO.string("@|" + style + " " + word + "|@");
    }

    /** Prints rows as virsh does: columns as wide as their widest cell, a rule below the heads. */
    static void table(PrintWriter out, List<String> heads, List<List<String>> rows) {
        List<Integer> widths = new ArrayList<>();
        for (int column = 0; column < heads.size(); column++) {
            int width = heads.get(column).length();
            for (List<String> row : rows) {
                width = Math.max(width, row.get(column).length());
            }
            widths.add(width + 3);
        }
        out.println(" " + row(heads, widths, false));
        out.println("-".repeat(widths.stream().mapToInt(Integer::intValue).sum()));
        rows.forEach(each -> out.println(" " + row(each, widths, true)));
    }

    private static String row(List<String> cells, List<Integer> widths, boolean colour) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < cells.size(); column++) {
            String cell = oneLine(cells.get(column));
            line.append(colour ? coloured(cell) : cell);
            if (column < cells.size() - 1) {
                line.append(" ".repeat(Math.max(1, widths.get(column) - cell.length())));
            }
        }
        return line.toString();
    }
}
