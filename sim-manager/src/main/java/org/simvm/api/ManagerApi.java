// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.api;

import java.io.IOException;
import java.util.Optional;
import org.simvm.audit.AuditLog;
import org.simvm.control.Answers;
import org.simvm.control.ControlException;
import org.simvm.control.ControlHandler;
import org.simvm.control.HookAnswer;
import org.simvm.control.HookCall;
import org.simvm.control.Request;
import org.simvm.outlets.Notice;
import org.simvm.registry.DomainRegistry;

/**
 * Answers what comes in by the control sockets: libvirt's hook, and requests, of which it keeps in
 * the audit trail those that {@link org.simvm.protocol.Verbs} says.
 */
public final class ManagerApi implements ControlHandler {
    private final HookResponder hooks;
    private final DomainRegistry registry;
    private final AuditLog audit;
    private final HandlerTable handlers;

    /** @param groups what is answered: each adds the handlers of some verbs, all together of all */
    public ManagerApi(
            HookResponder hooks, DomainRegistry registry, AuditLog audit, VerbGroup... groups) {
        this.hooks = hooks;
        this.registry = registry;
        this.audit = audit;
        HandlerTable table = new HandlerTable();
        for (VerbGroup group : groups) {
            group.addTo(table);
        }
        this.handlers = table.complete();
    }

    @Override
    public HookAnswer hook(HookCall call) {
        return hooks.answer(call);
    }

    @Override
    public void request(Request request, Answers answers)
            throws ControlException, IOException, InterruptedException {
        if (!handlers.audits(request.verb())) {
            handlers.answer(request, answers);
            return;
        }
        try {
            handlers.answer(request, answers);
            record(request, "done");
        } catch (ControlException e) {
            record(request, "refused: " + e.getMessage());
            throw e;
        }
    }

    private void record(Request request, String outcome) {
        Optional<Notice.Domain> domain = request.wire()
                .domain()
                .flatMap(registry::find)
                .map(named -> new Notice.Domain(named.uuid(), named.name()));
        audit.record(
                request.peer().user(),
                request.verb(),
                domain,
                outcome,
                request.wire().kept());
    }
}
