// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.api;

import java.io.IOException;
import org.simvm.audit.AuditLog;
import org.simvm.control.ControlException;
import org.simvm.protocol.NoArguments;
import org.simvm.protocol.Reload;
import org.simvm.protocol.Verbs;
import org.simvm.settings.Problem;
import org.simvm.settings.SettingsException;
import org.simvm.settings.SettingsReload;

/** Verbs about the manager itself. */
public final class ManagerVerbs implements VerbGroup {
    private static final int DEFAULT_AUDIT = 100;

    private final ManagerControl manager;
    private final AuditLog audit;

    public ManagerVerbs(ManagerControl manager, AuditLog audit) {
        this.manager = manager;
        this.audit = audit;
    }

    @Override
    public void addTo(HandlerTable table) {
        table.one(Verbs.ABOUT, none -> manager.about());
        table.list(Verbs.AUDIT, request -> audit.last(request.limit().orElse(DEFAULT_AUDIT)));
        table.on(Verbs.RELOAD, this::reload);
    }

    private void reload(NoArguments none, Exchange<Reload> exchange)
            throws ControlException, IOException {
        try {
            SettingsReload reload = manager.reload();
            exchange.send(Reload.done(reload.changed(), reload.nextStart()));
        } catch (SettingsException e) {
            exchange.send(
                    Reload.refused(e.problems().stream().map(Problem::toString).toList()));
            int mistakes = e.problems().size();
            throw new ControlException(
                    "the configuration has " + mistakes + (mistakes == 1 ? " mistake" : " mistakes")
                            + "; the old one stays in force",
                    e);
        }
    }
}
