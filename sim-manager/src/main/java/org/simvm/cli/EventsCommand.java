// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.simvm.protocol.EventsRequest;
import org.simvm.protocol.Verbs;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "events",
        mixinStandardHelpOptions = true,
        description = {
            "Show what a domain's monitors saw: the last events, or with --follow those to "
                    + "come, alerts among them."
        })
final class EventsCommand extends DomainCommand {
    @Option(
            names = {"-f", "--follow"},
            description = "Show events as they come, until the limit or Ctrl-C.")
    private boolean follow;

    @Option(
            names = {"-n", "--limit"},
            paramLabel = "N",
            description = "Show at most N events (default: 20; with --follow, no limit).")
    private Long limit;

    @Option(
            names = {"-t", "--type"},
            paramLabel = "TYPE",
            split = ",",
            description = "Only this type (may be repeated): syscall, fork, exec, exit, module,"
                    + " event-N.")
    private List<String> types = List.of();

    @Override
    public Integer call() throws Exception {
        EventsRequest request = new EventsRequest(
                domain(),
                follow,
                limit == null ? OptionalLong.empty() : OptionalLong.of(limit),
                types,
                Optional.of(json() ? EventsRequest.Form.JSON : EventsRequest.Form.TEXT));
        client().follow(Verbs.EVENTS, request, answer -> {
            answer.lines().forEach(out()::println);
            out().flush();
            return !out().checkError(); // a reader that has seen enough (head) closes the pipe
        });
        return 0;
    }
}
