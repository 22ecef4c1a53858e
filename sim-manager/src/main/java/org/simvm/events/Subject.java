// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import com.fasterxml.jackson.core.JsonGenerator;

import java.io.IOException;

/**
 * Who did it, as the guest's {@code task_struct} says ({@code struct sim_subject}): guest data.
 *
 * @param task guest virtual address of the task_struct
 * @param pid thread id, in the initial pid namespace
 * @param tgid process id
 * @param ppid process id of the real parent
 * @param uid real user, unsigned 32 bits
 * @param euid effective user, unsigned 32 bits
 * @param gid real group, unsigned 32 bits
 * @param egid effective group, unsigned 32 bits
 * @param comm name of the thread, at most 15 bytes unless the guest broke the rule; see
 *     {@link GuestText}
 */
public record Subject(
        long task,
        int pid,
        int tgid,
        int ppid,
        long uid,
        long euid,
        long gid,
        long egid,
        GuestText comm) {
    void writeJson(String name, JsonGenerator json) throws IOException {
        json.writeObjectFieldStart(name);
        json.writeNumberField("pid", pid);
        json.writeNumberField("tgid", tgid);
        json.writeNumberField("ppid", ppid);
        json.writeNumberField("uid", uid);
        json.writeNumberField("euid", euid);
        json.writeNumberField("gid", gid);
        json.writeNumberField("egid", egid);
        json.writeStringField("comm", comm.toString());
        json.writeStringField("task", "0x" + Long.toHexString(task));
        json.writeEndObject();
    }
}
