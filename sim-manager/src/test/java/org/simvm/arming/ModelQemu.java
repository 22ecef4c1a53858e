// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.simvm.qmp.ScriptedQmp;
import org.simvm.qmp.ScriptedQmpConnection;
import org.simvm.qmp.ScriptedQmpServer;
import org.simvm.qmp.SimDevice;

/**
 * A region device as {@code docs/interfaces.md} section 3 has it: one stop at a time, plans all or
 * nothing with expectations compared to the guest's RAM, refusals while the guest runs, reset at
 * any moment. Its guest, when it runs, goes straight from one address of interest to the next.
 */
public final class ModelQemu implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final SyntheticGuest guest;
    private final ScriptedQmp wire;
    private final Executor vcpu;
    private final List<String> commands = new ArrayList<>();
    private final List<String> sealed = new ArrayList<>();
    private String state = "waiting";
    private boolean running = true;
    private boolean started;
    private boolean executed;
    private boolean firstProgram;
    private final ModelVcpu registers = new ModelVcpu();
    private long stop;
    private int mapped;
    private final ModelViolations violations = new ModelViolations();
    private volatile Runnable whileStarting = () -> {};
    private volatile Runnable beforeMapping = () -> {};
    private boolean lastBranchRecord;
    private int questions;
    private int abi = 1;
    private long pid = ProcessHandle.current().pid();

    private ModelQemu(SyntheticGuest guest, Executor vcpu, Wire wire) throws IOException {
        this.guest = guest;
        this.vcpu = vcpu;
        this.wire = wire.open(this::execute);
    }

    @FunctionalInterface
    private interface Wire {
        ScriptedQmp open(ScriptedQmp.Commands commands) throws IOException;
    }

    /** Listens on a socket. */
    static ModelQemu listening(SyntheticGuest guest, Executor vcpu, Path socket)
            throws IOException {
        return new ModelQemu(guest, vcpu, commands -> new ScriptedQmpServer(socket, commands));
    }

    /** Connected to {@link #device}, with no thread of its own. */
    static ModelQemu connected(SyntheticGuest guest, Executor vcpu, LongSupplier nanoTime)
            throws IOException {
        return new ModelQemu(
                guest, vcpu, commands -> new ScriptedQmpConnection(nanoTime, commands));
    }

    /** The manager's end of {@link #connected}. */
    SimDevice device() {
        return ((ScriptedQmpConnection) wire).device();
    }

    /** The guest's kernel writes {@code MSR_LSTAR}. */
    public synchronized void boot() {
        state = "boot-stop";
        registers.lstar(guest.address("entry_SYSCALL_64"));
        running = false;
        started = false;
        executed = false;
        firstProgram = false;
        wire.emit(
                "SIM_BOOT",
                ModelVcpu.stopped()
                        .put("lstar", ModelVcpu.unsigned(guest.address("entry_SYSCALL_64")))
                        .put("efer", 0xd01));
    }

    /** The same, but long before anybody is connected. */
    public synchronized void bootUnseen() {
        state = "boot-stop";
        running = false;
        registers.lstar(guest.address("entry_SYSCALL_64"));
    }

    /** It keeps a record of the last branch. */
    public synchronized void keepLastBranch() {
        lastBranchRecord = true;
    }

    /** An earlier manager has armed the guest. */
    public synchronized void alreadyMapped() {
        state = "mapped";
    }

    /** An earlier manager has brought the guest to its hook stop, or further, where it stands. */
    public synchronized void alreadyStanding(String wireState) {
        state = wireState;
        running = false;
    }

    /**
     * The guest breaks a rule so often; an event tells of the last time only, as if the others came
     * too fast.
     */
    public synchronized void violate(int times) {
        wire.emit("SIM_VIOLATION", violations.happen(times));
    }

    /** The same while nobody is connected. */
    public synchronized void violateUnseen(int times) {
        violations.happen(times);
    }

    public synchronized void reset() {
        guest.boot();
        state = "waiting";
        stop = 0;
        sealed.clear();
        wire.emit("SIM_RESET", JSON.createObjectNode());
    }

    /** What happens in the guest beside its usual start-up. */
    public void whileStarting(Runnable action) {
        whileStarting = action;
    }

    /** What happens to the guest's memory between the manager's look and its plan. */
    public void beforeMapping(Runnable action) {
        beforeMapping = action;
    }

    /** Returns its CPU's registers, which the guest may change. */
    public ModelVcpu vcpu() {
        return registers;
    }

    /** The guest's vCPU enters a ring. */
    synchronized void setPrivilegeLevel(int ring) {
        registers.ring(ring);
    }

    /** QEMU is of another build. */
    /** Has QEMU say that it is another process. */
    synchronized void pretendToBe(long process) {
        pid = process;
    }

    synchronized void setAbi(int version) {
        abi = version;
    }

    public void die() {
        try {
            wire.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public synchronized boolean running() {
        return running;
    }

    public synchronized String state() {
        return state;
    }

    /** Commands since the start, without those that only ask. */
    public synchronized List<String> commands() {
        return List.copyOf(commands);
    }

    /** Sealed bytes as {@code gpa+length}, hexadecimal. */
    public synchronized List<String> sealed() {
        return List.copyOf(sealed);
    }

    /** Returns how often it was asked for its state and registers. */
    public synchronized int questions() {
        return questions;
    }

    public synchronized int timesMapped() {
        return mapped;
    }

    private synchronized JsonNode execute(String command, JsonNode arguments) {
        if (!command.startsWith("query-")) {
            commands.add(command);
        }
        return switch (command) {
            case "query-sim" -> {
                questions++;
                yield status();
            }
            case "query-sim-violations" ->
                violations.after(arguments.path("since").asLong());
            case "query-cpus-fast" -> registers.thread();
            case "human-monitor-command" -> {
                commands.remove(command);
                yield registers.shown();
            }
            case "query-status" -> JSON.createObjectNode().put("running", running);
            case "sim-set-stop" -> {
                stop = arguments.get("address").bigIntegerValue().longValue();
                yield JSON.createObjectNode();
            }
            case "sim-clear-stop" -> {
                stop = 0;
                yield JSON.createObjectNode();
            }
            case "sim-apply" -> apply(arguments);
            case "sim-seal" -> seal(arguments);
            case "cont" -> resume();
            case "system_reset" -> {
                reset();
                yield JSON.createObjectNode();
            }
            case "stop" -> {
                running = false;
                yield JSON.createObjectNode();
            }
            default ->
                throw new ScriptedQmp.CommandError(
                        "The command " + command + " has not been found");
        };
    }

    private JsonNode status() {
        ObjectNode status = JSON.createObjectNode()
                .put("abi", abi)
                .put("state", state)
                .put("gate", "vmfunc")
                .put("pid", pid)
                .put("phys-bits", 40)
                .put("area-base", 1L << 39)
                .put("area-size", 1L << 39)
                .put("armed-boots", mapped)
                .put("switches", 0)
                .put("violations", 0)
                .put("doorbells", 0);
        if (lastBranchRecord) {
            status.put("last-branch-record", true);
        }
        try {
            status.putArray("ram")
                    .addObject()
                    .put("gpa", 0)
                    .put("size", SyntheticGuest.RAM)
                    .put("fd", guest.descriptor())
                    .put("offset", 0);
        } catch (IOException e) {
            throw new ScriptedQmp.CommandError(e.getMessage());
        }
        status.putArray("vcpus").add(registers.described());
        return status;
    }

    private JsonNode apply(JsonNode arguments) {
        if (arguments.get("map").asBoolean()) {
            beforeMapping.run();
        }
        if (running) {
            throw new ScriptedQmp.CommandError("the guest runs");
        }
        // A plan that maps is carried out even after a reset, as long as memory is as it was.
        if (state.equals("waiting") && !arguments.get("map").asBoolean()) {
            throw new ScriptedQmp.CommandError("the guest has not reached its boot stop");
        }
        ModelWrites.apply(guest, arguments.get("writes"));
        if (arguments.get("map").asBoolean()) {
            state = "mapped";
            mapped++;
        }
        return JSON.createObjectNode();
    }

    private JsonNode seal(JsonNode arguments) {
        if (!state.equals("mapped")) {
            throw new ScriptedQmp.CommandError("the SIM view is not mapped");
        }
        for (JsonNode page : arguments.get("pages")) {
            for (JsonNode range : (ArrayNode) page.get("protect")) {
                sealed.add(Long.toHexString(
                                page.get("gpa").asLong() + range.get("offset").asLong()) + "+"
                        + range.get("length").asInt());
            }
        }
        return JSON.createObjectNode();
    }

    private JsonNode resume() {
        running = true;
        if (state.equals("boot-stop")) {
            state = "preparing";
        }
        vcpu.execute(this::run);
        return JSON.createObjectNode();
    }

    /** The guest's way: start-up, first helper program, first program proper. */
    private synchronized void run() {
        if (!running || state.equals("waiting")) {
            return;
        }
        if (!started) {
            started = true;
            guest.startUp();
            whileStarting.run();
        }
        if (!executed) {
            executed = true;
            stopAt("kernel_execve");
        }
        if (running && !firstProgram) {
            firstProgram = true;
            stopAt("run_init_process");
        }
    }

    private void stopAt(String symbol) {
        if (stop != 0 && stop == guest.address(symbol)) {
            stop = 0;
            running = false;
            wire.emit(
                    "SIM_STOP",
                    ModelVcpu.stopped().put("address", ModelVcpu.unsigned(guest.address(symbol))));
        }
    }

    @Override
    public void close() throws IOException {
        wire.close();
    }
}
