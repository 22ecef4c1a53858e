// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.KernelUnresolvedException;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;
import org.simvm.settings.IntegrityCheck;

/**
 * Compares each process's credentials ({@code real_cred}) with those at the last look.
 *
 * <p>A process without the right to take other ids can reach an id or a capability that it did not
 * have only by starting a program, or in another user namespace. No process of the guest's user
 * space has the kernel's own credentials, {@code init_cred}. Where all system calls are seen,
 * credentials that change at all, with no call that changes them, are a finding too. A process
 * starts over once it has started a program.
 */
final class CredentialCheck implements Check {
    private static final long CAP_SETGID = 1L << 6;
    private static final long CAP_SETUID = 1L << 7;
    private static final List<String> USERS = List.of("uid", "suid", "euid", "fsuid");
    private static final List<String> GROUPS = List.of("gid", "sgid", "egid", "fsgid");
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    /** Left out if this kernel's types do not say how credentials look. */
    static final CheckDefinition<Void> DEFINITION = CheckDefinition.withoutBaseline(
            "credentials",
            IntegrityCheck.CREDENTIALS,
            guest -> guest.kernel().offset("task_struct.real_cred").isPresent()
                    ? Optional.of(new CredentialCheck(guest))
                    : Optional.empty());

    private final VirtualMemory memory;
    private final TaskList tasks;
    private final Optional<ProcessRecord> record;
    private final boolean callsSeen;
    private final OptionalLong kernelsOwn;
    private final int realCred;
    private final int execId;
    private final int[] users;
    private final int[] groups;
    private final int permitted;
    private final int namespace;
    private final Map<Long, Seen> seen = new HashMap<>();

    /** Credentials at a moment. */
    private record Credentials(
            long address, int[] users, int[] groups, long permitted, long namespace) {
        boolean same(Credentials other) {
            return Arrays.equals(users, other.users)
                    && Arrays.equals(groups, other.groups)
                    && permitted == other.permitted
                    && namespace == other.namespace;
        }

        Evidence.Ids ids() {
            return new Evidence.Ids(users[0], users[2], groups[0], groups[2], permitted);
        }
    }

    private record Wrong(FindingCode code, String why) {
        static Optional<Wrong> of(FindingCode code, String why) {
            return Optional.of(new Wrong(code, why));
        }
    }

    private record Seen(
            int pid, long mm, long programs, int execId, long calls, Credentials credentials) {}

    private CredentialCheck(CheckedGuest guest) throws BaselineException {
        Kernel kernel = guest.kernel();
        this.memory = guest.memory();
        this.tasks = guest.tasks();
        this.record = guest.record();
        this.callsSeen = guest.callsSeen() && record.isPresent();
        kernelsOwn = kernel.symbol("init_cred");
        try {
            realCred = kernel.requireOffset("task_struct.real_cred");
            execId = kernel.requireOffset("task_struct.self_exec_id");
            users = offsets(kernel, USERS);
            groups = offsets(kernel, GROUPS);
            permitted = kernel.requireOffset("cred.cap_permitted");
            namespace = kernel.requireOffset("cred.user_ns");
        } catch (KernelUnresolvedException e) {
            throw new BaselineException(e.getMessage(), e);
        }
    }

    private static int[] offsets(Kernel kernel, List<String> members)
            throws KernelUnresolvedException {
        int[] offsets = new int[members.size()];
        for (int i = 0; i < offsets.length; i++) {
            offsets[i] = kernel.requireOffset("cred." + members.get(i));
        }
        return offsets;
    }

    @Override
    public void run(FindingCollector findings) throws InterruptedException {
        List<TaskList.Process> processes;
        try {
            processes = CheckedGuest.readStable(tasks::read);
        } catch (GuestMemoryException e) {
            findings.addIncomplete("the guest's list of processes", e.getMessage(), true);
            return;
        }
        Set<Long> there = new HashSet<>();
        for (TaskList.Process process : processes) {
            there.add(process.task());
            look(process, findings);
        }
        seen.keySet().retainAll(there);
    }

    private void look(TaskList.Process process, FindingCollector findings)
            throws InterruptedException {
        Seen before = seen.get(process.task());
        Seen now;
        try {
            now = read(process);
        } catch (GuestMemoryException e) {
            return; // it ends; a process whose credentials can't be read runs no further
        }
        findings.compared(USERS.size() * 2 * Integer.BYTES + 2 * Long.BYTES);
        Optional<Wrong> wrong = wrong(process, before, now);
        if (wrong.isPresent() && record.isPresent()) {
            record.get().catchUp(TIMEOUT); // the event that explains it may still be in the ring
            wrong = wrong(process, before, now);
        }
        if (wrong.isEmpty()) {
            seen.put(process.task(), now);
        } else if (tasks.unchanged(process)) {
            findings.addGuestControlled(
                    wrong.get().code(),
                    process.toString(),
                    OptionalLong.of(now.credentials().address()),
                    new Evidence.Credentials(
                            Optional.ofNullable(before)
                                    .map(seenBefore -> seenBefore.credentials().ids()),
                            now.credentials().ids(),
                            wrong.get().why()));
        }
    }

    private Seen read(TaskList.Process process) throws GuestMemoryException {
        Optional<ProcessRecord.TaskActivity> activity =
                record.flatMap(known -> known.activity(process.task()));
        long credentials = memory.readLong(process.task() + realCred);
        int[] userIds = new int[users.length];
        int[] groupIds = new int[groups.length];
        for (int i = 0; i < users.length; i++) {
            userIds[i] = memory.readInt(credentials + users[i]);
            groupIds[i] = memory.readInt(credentials + groups[i]);
        }
        return new Seen(
                process.pid(),
                process.mm(),
                activity.map(ProcessRecord.TaskActivity::programs).orElse(0L),
                memory.readInt(process.task() + execId),
                activity.map(ProcessRecord.TaskActivity::credentialCalls).orElse(0L),
                new Credentials(
                        credentials,
                        userIds,
                        groupIds,
                        memory.readLong(credentials + permitted),
                        memory.readLong(credentials + namespace)));
    }

    private Optional<Wrong> wrong(TaskList.Process process, Seen before, Seen now) {
        if (kernelsOwn.isPresent() && now.credentials().address() == kernelsOwn.getAsLong()) {
            return Wrong.of(FindingCode.CREDENTIALS_OF_KERNEL, "they are the kernel's own");
        }
        if (before == null || before.pid() != now.pid()) {
            return Optional.empty();
        }
        Optional<ProcessRecord.TaskActivity> activity =
                record.flatMap(known -> known.activity(process.task()));
        if (callsSeen && activity.isPresent() && activity.get().escalation().isPresent()) {
            return Wrong.of(
                    FindingCode.CREDENTIALS_RAISED_BETWEEN_EVENTS,
                    "it rose " + activity.get().escalation().get()
                            + " between two of its events, with no call");
        }
        if (started(before, now, activity)
                || now.credentials().same(before.credentials())
                || now.credentials().namespace() != before.credentials().namespace()) {
            return Optional.empty();
        }
        Optional<String> gained = gained(before.credentials(), now.credentials());
        if (gained.isPresent()) {
            return Wrong.of(
                    FindingCode.CREDENTIALS_GAINED,
                    "it had no right to " + gained.get() + " and started no program");
        }
        if (callsSeen
                && activity.isPresent()
                && activity.get().credentialCalls() == before.calls()) {
            return Wrong.of(
                    FindingCode.CREDENTIALS_CHANGED_WITHOUT_CALL,
                    "it made no call that changes credentials");
        }
        return Optional.empty();
    }

    /**
     * Tells whether a process started a program between two looks. The event alone may be forged,
     * so its {@code self_exec_id} must have changed as well: {@code begin_new_exec} counts it up
     * before it commits credentials, and they were read first. The activity is read again here:
     * what was done while the credentials were read counts as well.
     */
    private boolean started(Seen before, Seen now, Optional<ProcessRecord.TaskActivity> activity) {
        boolean seen = activity.isEmpty()
                || record.get().unsure()
                || activity.get().programs() != before.programs();
        return seen && now.execId() != before.execId();
    }

    /** Says what a process got that it could not get by itself. */
    private static Optional<String> gained(Credentials before, Credentials now) {
        List<String> gains = new ArrayList<>();
        if ((before.permitted() & CAP_SETUID) == 0 && !within(now.users(), before.users())) {
            gains.add("a user id");
        }
        if ((before.permitted() & CAP_SETGID) == 0 && !within(now.groups(), before.groups())) {
            gains.add("a group id");
        }
        if ((now.permitted() & ~before.permitted()) != 0) {
            gains.add("a capability");
        }
        return gains.isEmpty() ? Optional.empty() : Optional.of(String.join(" and ", gains));
    }

    private static boolean within(int[] now, int[] before) {
        return Arrays.stream(now)
                .allMatch(id -> Arrays.stream(before).anyMatch(known -> known == id));
    }
}
