// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.stream.Collectors;

/** Shows an event as one line for people: time, kind, who, what. */
public final class TextLine {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss.SSS");

    private final EventNames names;
    private final ZoneId zone;

    /** @param zone in which times are shown */
    public TextLine(EventNames names, ZoneId zone) {
        this.names = names;
        this.zone = zone;
    }

    /** Gives the line, without its end. */
    public String line(Event event) {
        EventHead head = event.head();
        Subject who = head.subject();
        StringBuilder line = new StringBuilder(160);
        line.append(TIME.format(Instant.ofEpochSecond(0, head.receivedNanos()).atZone(zone)))
                .append(' ');
        if (names.domain() != null) {
            line.append(names.domain()).append(' ');
        }
        line.append(String.format(
                "%-8s %s[%d] uid %d", EventNames.kind(event), who.comm(), who.pid(), who.uid()));
        if (who.euid() != who.uid()) {
            line.append(" euid ").append(who.euid());
        }
        line.append("  ").append(what(event));
        if (head.truncated()) {
            line.append("  (cut)");
        }
        if (head.unreadable()) {
            line.append("  (partly unreadable)");
        }
        return line.toString();
    }

    private String what(Event event) {
        if (event instanceof Event.SyscallEvent syscall) {
            return call(syscall);
        } else if (event instanceof Event.ForkEvent fork) {
            Subject child = fork.child();
            return (child.pid() == child.tgid() ? "created process " : "created thread ")
                    + child.pid() + " (" + child.comm() + ")";
        } else if (event instanceof Event.ExecEvent exec) {
            String rest = exec.argumentCount() > exec.arguments().size()
                    ? ", and " + (exec.argumentCount() - exec.arguments().size()) + " more"
                    : "";
            return quote(exec.path()) + " [" + quote(exec.arguments()) + rest + "]";
        } else if (event instanceof Event.ExitEvent exit) {
            return exit.signal() != 0
                    ? "killed by signal " + exit.signal()
                    : "exit status " + exit.status();
        } else if (event instanceof Event.MonitorEvent other) {
            return names.monitor(event.head().monitor()) + ": "
                    + other.payload().length() + " bytes"
                    + (other.fault() != null ? ", not understood: " + other.fault() : "");
        }
        throw new IllegalStateException("an event of no kind");
    }

    /**
     * Shows the arguments up to the last that isn't 0; those with texts as texts: one each, and the
     * last takes what is left (argv).
     */
    private static String call(Event.SyscallEvent syscall) {
        int withText = Integer.bitCount(syscall.textArguments());
        List<GuestText> texts = syscall.texts();
        boolean placed = texts.size() >= withText && withText > 0;
        StringBuilder call = new StringBuilder(syscall.name()).append('(');
        int last = 5;
        while (last >= 0
                && syscall.arguments().get(last) == 0
                && (!placed || (syscall.textArguments() >> last & 1) == 0)) {
            last--;
        }
        int used = 0;
        for (int i = 0; i <= last; i++) {
            call.append(i == 0 ? "" : ", ");
            if (placed && (syscall.textArguments() >> i & 1) != 0) {
                boolean rest = Integer.bitCount(syscall.textArguments() >> i) == 1;
                int take = rest ? texts.size() - used : 1;
                String shown = quote(texts.subList(used, used + take));
                call.append(take == 1 ? shown : "[" + shown + "]");
                used += take;
            } else {
                call.append(JsonLines.hex(syscall.arguments().get(i)));
            }
        }
        call.append(')');
        if (!placed && !texts.isEmpty()) {
            call.append(' ').append(quote(texts));
        }
        if (syscall.door() != Event.Door.SYSCALL_64) {
            call.append(" [").append(syscall.door().label()).append(']');
        }
        return call.toString();
    }

    private static String quote(List<GuestText> texts) {
        return texts.stream().map(TextLine::quote).collect(Collectors.joining(", "));
    }

    private static String quote(GuestText text) {
        return '"' + text.toString().replace("\"", "\\\"") + '"';
    }
}
