#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
attack.py [--accelerator kvm] [--at-most N] [--weak-qemu QEMU] QEMU MONITOR-BUILD FIRMWARE WORK RESULTS [CLASS…] -- REGION-TO-ATTACK…: attacks
the gate, the view and the region, and writes what became of each class to RESULTS, a JSON object. --at-most: so many variants of each, evenly
spread. --weak-qemu: for controls, one that delivers exceptions in the SIM view; without it the classes whose rule that is have none.
Status 1 if an attack gained something, or a control did not.
"""
import argparse
import collections
import faulthandler
import json
import os
import sys
import time

import attacks
import branches
import devices
import entries
import faults
import hostile_data
import lives
import plugged
import races
from machine import Machine


class Attack:
    def __init__(self, name, title, run, control=None, build=None, prepare=None, seal=True, succeeded=None, because=None, cpus=1,
                 devices=(), monitor="null", last_branch=False, weak_qemu=None,
                 only_on=None, whole=False, sealed=True):
        """
        `control`: the same attack on a machine where a rule is off: another `build` of the gates, a spoilt region (`prepare`), no `seal`, the
        QEMU with a rule less, `weak_qemu`: "needed", or on "tcg" alone.
        `last_branch`: the rule is that of gates which read the last branch record; the control has the other ones.
        `because`: what is off, or why there is no control. `only_on`: the accelerator that can express it. `whole`: no sample is taken of its
        variants. `sealed`: no, if the attacker loads descriptor tables of his own, which a sealed
        machine stops before anything else could (A30). The rest: the machine that it takes.
        """
        self.name, self.title, self.run, self.control, self.build, self.prepare, self.seal = name, title, run, control, build, prepare, seal
        self.succeeded = succeeded or (lambda machine, outcome: attacks.gain(machine, outcome) is not None)
        self.last_branch, self.weak_qemu, self.only_on, self.whole = last_branch, weak_qemu, only_on, whole
        self.sealed = sealed
        self.because, self.machine = because, {"cpus": cpus, "devices": devices, "monitor": monitor}


TOLD = "a frame's address, of hidden memory, that is told"

ATTACKS = [
    Attack("A1", "VMFUNC in pages of the guest, ring 0 and 3", attacks.a1, attacks.run_shared, prepare=attacks.SHARED,
           because="a page that both views execute"),
    Attack("A2", "every index, every function of VMFUNC", attacks.a2, attacks.run_shared, prepare=attacks.SHARED,
           because="a page that both views execute"),
    Attack("A3", "the gate's addresses show other pages", attacks.a3, attacks.run_shared, prepare=attacks.SHARED,
           because="a page that both views execute"),
    Attack("A4", "own page tables, the same page everywhere", attacks.a4, attacks.read_through_the_gate, build="exit",
           because="a way out that does not compare CR3"),
    Attack("A5", "a jump to every byte of G1, in both views, and of G2", attacks.a5, attacks.second_entry,
           prepare=attacks.same_page_in_both_views, because="the same gate page in both views"),
    Attack("A6", "calls that no hook made", attacks.a6, attacks.plain_call, build="leak", because="a way out that does not clear rdi"),
    Attack("A6b", "calls with a hook's return address, by everything but the hook", branches.a6b, branches.forge_one, cpus=2, last_branch=True,
           only_on="tcg",
           succeeded=lambda machine, outcome: bool(outcome.gained), because="a gate that goes by the return address"),
    Attack("A7", "VMFUNC inside of other instructions", attacks.a7, attacks.run_shared, prepare=attacks.SHARED,
           because="a page that both views execute"),
    Attack("A8", "instructions that cross into the gate's pages", attacks.a8, attacks.run_shared, prepare=attacks.SHARED,
           because="a page that both views execute"),
    Attack("A9", "32-bit and 16-bit code at every byte of G2", attacks.a9, attacks.a9_entry, build="decoding",
           # memory is touched before the SIM CR3 is loaded: a fault, and not the first instruction's int3
           succeeded=lambda machine, outcome: outcome.kind == "stopped" and outcome.violation.get("vector") != 3,
           because="a gate that does not look how it is decoded"),
    Attack("A10", "WP, PG, PAE, SMEP, SMAP, NXE, LME cleared", attacks.a10, lambda machine: attacks.clear_control(machine, 0), seal=False,
           because="control registers that are not pinned"),
    Attack("A11", "storms of interrupts, NMIs and INIT", races.a11, races.interrupts_on, build="flags", cpus=2,
           # the gate is entered as it is left: QEMU refuses
           succeeded=lambda machine, outcome: outcome.kind == "stopped" and outcome.violation["kind"] == "interrupt-flag",
           because="a gate that leaves interrupts on"),
    Attack("A12", "exceptions at the switch", attacks.a12, faults.a12_told, weak_qemu="tcg",
           sealed=False, because=TOLD),
    Attack("A13", "trap flag and breakpoints on the gate", attacks.a13, attacks.breakpoint_frame, weak_qemu="needed",
           because="an emulator that delivers exceptions in the SIM view"),
    Attack("A14", "a second CPU changes what the first uses", races.a14, races.one_stack_for_both, build="stack", cpus=2,
           succeeded=races.mixed_up, because="a gate that takes the stack of the CPU that the guest names"),
    Attack("A15", "lies about which CPU this is", races.a15, races.stack_of_another, build="stack", cpus=2,
           succeeded=races.mixed_up, because="a gate that takes the stack of the CPU that the guest names"),
    Attack("A16", "DMA to and from the region, and to sealed pages", devices.a16, devices.read_shown, prepare=attacks.show_to_the_guest,
           devices=devices.DEVICES, because="hidden memory that the normal view shows"),
    Attack("A17", "pages sealed while the TLB has them", lives.a17, lives.write_what_is_not_sealed, cpus=2, because="a page that is not sealed"),
    Attack("A18", "accesses of every kind, windows of devices", devices.a18, devices.copy_shown, prepare=attacks.show_to_the_guest,
           devices=devices.DEVICES, because="hidden memory that the normal view shows"),
    Attack("A21", "reset in calls, saving, migration", lives.a21, lives.no_reset, cpus=2, because="a machine that is not reset"),
    Attack("A23", "hostile arguments, strings, lists and tables; a full ring", hostile_data.a23, hostile_data.beyond_ram, build="bounds", cpus=2,
           monitor="syscalls", succeeded=lambda machine, outcome: outcome.kind == "stopped", because="a monitor that does not compare with the end of RAM"),
    Attack("A24", "guesses at the region's addresses", attacks.a24, attacks.read_hidden, prepare=attacks.show_to_the_guest,
           because="hidden memory that the normal view shows"),
    Attack("A25", "SMIs in calls, SMM's own code, RSM", lives.a25, lives.clear_wp, seal=False, cpus=2,
           because="control registers that are not pinned"),
    Attack("A27", "table entries swapped at VMFUNC, every byte of G2", attacks.a27, attacks.read_through_the_gate, build="exit",
           because="a way out that does not compare CR3"),
    Attack("A28", "faults that would be delivered in the SIM view", faults.a28, faults.a28_told,
           weak_qemu="tcg", whole=True, sealed=False, because=TOLD),
    Attack("A28b", "a fault at every byte of G2, its numbers included", faults.a28b, faults.a28_told,
           weak_qemu="tcg", sealed=False, because=TOLD),
    Attack("A27b", "the same with PCIDs that keep their translations", attacks.a27b, attacks.read_through_the_gate, build="exit", only_on="kvm",
           because="a way out that does not compare CR3"),
    Attack("A29", "hooks stepped over by breakpoints and traps", entries.a29, entries.step_over,
           seal=False, because="a machine that is not sealed"),
    Attack("A30", "another LSTAR, IDT and the like, for a moment", entries.a30,
           entries.change_entry, seal=False, cpus=2,
           because="a machine that is not sealed"),
    Attack("A32", "a CPU that is plugged in later", plugged.a32, plugged.unpinned, seal=False,
           devices=plugged.SPARE_CPU,
           because="a machine that is not sealed"),
]


def count(attack, machine):
    """How many variants there are, without a try."""
    machine.skipping = True
    variants = sum(1 for _ in attack.run(machine))
    machine.skipping = False
    machine.reset()
    return variants


def some(attack, machine, step):
    """Number and outcome of each `step`-th variant."""
    variants = attack.run(machine)
    number = 0
    while True:
        machine.skipping = number % step != 0
        outcome = next(variants, None)
        machine.skipping = False
        if outcome is None:
            return
        if number % step == 0:
            yield number, outcome
        number += 1


def carry_out(attack, machine, at_most):
    """Tries an attack in its variants, and its control; prints a line, and returns what became of them."""
    begin, told = time.time(), time.time()
    tried = stopped = 0
    slowest, late, how, gained = 0.0, 0.0, collections.Counter(), []
    terminal = sys.stderr.isatty()
    subject = machine(attack, seal=attack.sealed)
    step, total = 1, None
    if at_most and not attack.whole:
        total = count(attack, subject)
        step = -(-total // at_most)
    for number, outcome in some(attack, subject, step):
        if outcome.kind in attacks.NOTHING_CAME:
            how[outcome.kind] += 1
            if subject.dirty:
                subject.reset()
            continue
        tried += 1
        got = attacks.gain(subject, outcome)
        if got:
            gained.append("%s: %s (variant %d)" % (outcome, got, number))
            print("     GAINED by %s: %s" % (attack.name, gained[-1]), flush=True)
            subject.dirty = True
        else:
            stopped += 1
        # Before the attack prepares its next variant: a reset puts the attacker's kernel back as well.
        if subject.dirty:
            subject.reset()
        if outcome.kind == "stopped":
            how["stopped: " + outcome.violation["kind"]] += 1
            slowest, late = max(slowest, outcome.seconds), max(late, outcome.late)
        else:
            how["exception in the guest" if outcome.kind == "exception" else outcome.kind] += 1
        if time.time() - told > (2 if terminal else 20):
            told = time.time()
            print("  %s: %d tried, %d stopped, %.0f s\r" % (attack.name, tried, stopped, told - begin), end="" if terminal else "\n", file=sys.stderr, flush=True)
    subject.close()
    control = None
    if attack.control:
        sealed = attack.sealed and attack.seal
        weak = machine(attack, attack.build, attack.prepare, sealed, weak=True)
        outcome = attack.control(weak)
        control = attack.succeeded(weak, outcome)
        how_control = "%s (%s)" % (outcome, attacks.gain(weak, outcome))
        weak.close()
    print("%-4s %-52s %7d %7d %6.0f ms  %s" % (attack.name, attack.title, tried, stopped, late * 1000,
                                                ", ".join("%s %d" % pair for pair in how.most_common())))
    if control is False:
        print("     the control gained nothing, with %s: %s" % (attack.because, how_control))
    sys.stdout.flush()
    return {"title": attack.title, "tried": tried, "of": total or tried, "stopped": stopped, "control_succeeded": control, "control": attack.because,
            "ended": dict(how), "seconds_to_report": round(late, 4), "seconds_to_stop": round(slowest, 4), "gained": gained[:10],
            "seconds": round(time.time() - begin, 1)}


def main():
    faulthandler.dump_traceback_later(int(os.environ.get("ATTACK_SECONDS", "3600")), exit=True)
    split = sys.argv.index("--")
    region_to_attack = sys.argv[split + 1:]
    parser = argparse.ArgumentParser()
    parser.add_argument("--accelerator", default="tcg")
    parser.add_argument("--at-most", type=int)
    parser.add_argument("--weak-qemu")
    for name in ("qemu", "built", "firmware", "work", "results"):
        parser.add_argument(name)
    parser.add_argument("classes", nargs="*")
    said = parser.parse_intermixed_args(sys.argv[1:split])
    qemu, built, firmware, work, only = said.qemu, said.built, said.firmware, said.work, said.classes

    # KVM keeps no last branch record; and gates with a rule less are all of the other kind.
    record = said.accelerator == "tcg"

    def machine(attack, build=None, prepare=None, seal=True, weak=False):
        gates = "gates-lbr" if record and not build and not (weak and attack.last_branch) else "gates"
        def both(made):
            made.inner_offset = made.layout["segments"][2]["offset"]
            if prepare:
                prepare(made)
        return Machine(os.path.join(work, "machine"), said.weak_qemu if weak and attack.weak_qemu and said.weak_qemu else qemu, firmware, region_to_attack,
                       os.path.join(built, "weak-" + build) if build else built, both, seal, accelerator=said.accelerator, gates=gates,
                       **attack.machine)

    results, failed = {}, 0
    print("%-4s %-52s %7s %7s %8s  %s" % ("", "attack", "tried", "stopped", "told in", "how it ended"))
    for attack in ATTACKS:
        if only and attack.name not in only and attack.name.rstrip("b") not in only or attack.only_on not in (None, said.accelerator):
            continue
        if attack.weak_qemu in ("needed", said.accelerator) and not said.weak_qemu:
            attack.control, attack.because = None, "none: the rule is the hypervisor's, and there is none here without it"
        try:
            results[attack.name] = carry_out(attack, machine, said.at_most)
        except (RuntimeError, OSError, StopIteration) as problem:
            # QEMU has ended, or does not answer: the others can be tried all the same.
            print("     %s could not be tried to its end: %s" % (attack.name, problem), flush=True)
            results[attack.name] = {"title": attack.title, "tried": 0, "stopped": 0, "control_succeeded": None, "failed": str(problem)}
        result = results[attack.name]
        failed += bool(result.get("failed") or result["gained"] or result["control_succeeded"] is False)
        with open(said.results, "w") as file:
            json.dump(results, file, indent=1)
    print("%d of %d classes of attack gained nothing, each control did" % (len(results) - failed, len(results)) if not failed else
          "%d of %d classes of attack FAILED" % (failed, len(results)))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
