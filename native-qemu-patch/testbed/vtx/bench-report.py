#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bench-report.py [--real] SAMPLES... --json FILE --svg FILE: prints the table of `./dev bench-vtx`.

SAMPLES is KERNEL=FILE, with KERNEL `patched` or `unpatched` and FILE as bench-guests.sh writes it. Ticks are
instructions, or with --real cycles of a real CPU; then nanoseconds are told too.

Each place is compared with the guest of the same run that has no monitor (BASE). Of several rounds the median counts.
"""
import argparse
import collections
import json
import math
import statistics
import sys

PLACES = {
    "invm": "in VM, VMFUNC",
    "hypercall": "in VM, hypercall",
    "outvm": "out of VM, exit",
    "audit": "Linux audit",
    "trace": "ftrace",
}
BASE = {"invm": "bare", "hypercall": "bare", "outvm": "bare", "audit": "unaudited", "trace": "untraced"}
# The work that calls each monitor, and how often one unit of that work does.
CALLED_BY = {"null": ("calls", 1), "syscall": ("opens", 1), "process": ("spawns", 3)}
WORK = {
    "calls": "loop of getppid",
    "spawns": "loop of fork and exec",
    "walk": "walk of a file tree",
    "script": "shell script",
}


class Samples:
    """What one or more runs wrote."""

    def __init__(self):
        self.ticks = collections.defaultdict(list)
        self.nanoseconds = collections.defaultdict(list)
        self.exits = {}
        self.inside = {}
        self.lost = {}

    def read(self, kernel, path):
        with open(path, encoding="ascii") as file:
            for line in file:
                kind, place, monitor, *rest = line.split()
                if kind == "events":
                    self.lost[place, monitor] = int(rest[1])
                    continue
                key = (kernel, place, monitor, rest[0])
                numbers = [int(number) for number in rest[1:]]
                if kind == "sample":
                    count, ticks, nanoseconds = numbers
                    self.ticks[key].append(ticks / count)
                    self.nanoseconds[key].append(nanoseconds / count)
                elif kind == "exits":
                    self.exits[key] = numbers
                elif kind == "inside":
                    self.inside[key] = numbers
                else:
                    sys.exit(f"bench-report.py: {path}: what is '{line.strip()}'?")

    def kernel_of(self, place):
        """The kernel whose run has this place."""
        return next((key[0] for key in self.ticks if key[1] == place), None)

    def key(self, place, monitor, work):
        """Where the samples are, or None."""
        key = (self.kernel_of(place), place, monitor, work)
        return key if key in self.ticks else None

    def of(self, table, place, monitor, work):
        """The median of a unit of work, or None."""
        key = self.key(place, monitor, work)
        return statistics.median(table[key]) if key else None

    def added(self, table, place, monitor, work):
        """What a unit of work takes more than without a monitor, or None."""
        armed, bare = self.of(table, place, monitor, work), self.of(table, BASE[place], "none", work)
        return None if armed is None or bare is None else armed - bare

    def exits_added(self, place, monitor, work):
        """Exits of a unit of work beyond those without a monitor, or None.

        Interrupts of the host are taken out, and so is port I/O (the console), unless it is the way to the monitor.
        """
        key, base = self.key(place, monitor, work), self.key(BASE[place], "none", work)
        if key is None or base is None:
            return None
        count, exits, irq, port, _ = self.exits[key]
        base_count, base_exits, base_irq, base_port, _ = self.exits[base]
        own = exits - irq - (base_port if place == "outvm" else port)
        return own / count - (base_exits - base_irq - base_port) / base_count

    def exits_of_call(self, place, monitor, work, calls):
        """Exits of one call: by their addresses where these were recorded, or else what the work has more."""
        inside = self.inside.get((self.kernel_of(place), place, monitor, work))
        if inside:
            return inside[1] / inside[0] / calls
        added = self.exits_added(place, monitor, work)
        return None if added is None else added / calls

    def percent(self, place, monitor, work):
        """Overhead over the guest without a monitor, or None."""
        added = self.added(self.ticks, place, monitor, work)
        return None if added is None else 100 * added / self.of(self.ticks, BASE[place], "none", work)

    def noise(self, work):
        """By how many percent boots of a guest without a monitor differ in this work."""
        medians = [statistics.median(values) for (_, _, monitor, what), values in self.ticks.items()
                   if (monitor, what) == ("none", work)]
        return 100 * (max(medians) - min(medians)) / statistics.median(medians)

    def mark(self, place, monitor, work):
        """` ?` for what is no more than boots differ by."""
        percent = self.percent(place, monitor, work)
        return " ?" if percent is not None and abs(percent) <= self.noise(work) else ""

    def spread(self):
        """The middle half of the rounds: its width in percent of the median, the widest of all."""
        widest, where = 0, None
        for key, values in self.ticks.items():
            if len(values) >= 4:
                low, _, high = statistics.quantiles(values, n=4)
                if 100 * (high - low) / statistics.median(values) >= widest:
                    widest, where = 100 * (high - low) / statistics.median(values), key
        return widest, where


def mean_percent(percents):
    """Geometric mean of overheads: of 1 + p."""
    return 100 * (math.exp(statistics.fmean(math.log(max(1 + p / 100, 1e-9)) for p in percents)) - 1)


def shown(number, unit=""):
    """A number with the digits that mean something."""
    if number is None:
        return "-"
    if unit == "exits":
        return f"{number + 0:.2f}" if round(abs(number), 2) else "0"
    if unit == "%":
        return f"{number:.1f} %"
    return f"{number:,.0f}"


def row(title, cells):
    print(f"  {title:<34}" + "".join(f"{cell:>18}" for cell in cells))


def report(samples, real):
    """Prints the tables; returns the JSON object and the two groups of bars for the plot."""
    ticks = "cycles" if real else "instructions"
    result, bars = collections.OrderedDict(), {"call": [], "overhead": []}
    places = [place for place in PLACES if samples.kernel_of(place)]
    if places:
        print(f"What a call of the monitor takes ({ticks}, and VM exits)")
        row("", [PLACES[place] for place in places])
    for monitor, (work, calls) in CALLED_BY.items():
        cells, exits, times, marks = [], [], [], []
        for place in places:
            added = samples.added(samples.ticks, place, monitor, work)
            left = samples.exits_of_call(place, monitor, work, calls)
            if added is None:
                cells.append(None), exits.append(None), times.append(None), marks.append("")
                continue
            cells.append(added / calls), exits.append(left), marks.append(samples.mark(place, monitor, work))
            result[f"{place}.{monitor}.{ticks}"] = round(added / calls, 1)
            result[f"{place}.{monitor}.exits"] = round(left, 3) + 0.0
            if real:
                times.append(samples.added(samples.nanoseconds, place, monitor, work) / calls)
                result[f"{place}.{monitor}.nanoseconds"] = round(times[-1], 1)
            if not marks[-1]:
                bars["call"].append((monitor, place, added / calls))
        if any(cell is not None for cell in cells):
            row(f"{monitor}: {ticks}", [shown(cell) + mark for cell, mark in zip(cells, marks)])
            if real:
                row(f"{monitor}: nanoseconds", [shown(cell) for cell in times])
            row(f"{monitor}: exits", [shown(cell, "exits") for cell in exits])
    for monitor in CALLED_BY:
        inside, outside = (result.get(f"{place}.{monitor}.{ticks}") for place in ("invm", "outvm"))
        if inside and outside:
            result[f"outvm_to_invm.{monitor}"] = round(outside / inside, 1)
            print(f"  {monitor}: out of VM to in VM {outside / inside:.1f} : 1")

    # A guest under SIM has exits of its own, too: memory that its SIM view touches first, doorbells.
    for place in places:
        more = samples.exits_added(place, "process", "spawns")
        if more is not None and place in ("invm", "hypercall", "outvm"):
            result[f"{place}.process.exits_per_spawn"] = round(more, 2)
    more = [result.get(f"{place}.process.exits_per_spawn") for place in places]
    if any(value is not None for value in more):
        row("fork, exec, exit: all exits more", [shown(value, "exits") for value in more])

    if places:
        print("\nWhat the guest's work takes more than without a monitor (percent of " + ticks + ")")
        row("", [PLACES[place] for place in places])
    for monitor in ("process", "syscall", "all"):
        percents = {place: {} for place in places}
        for work, title in WORK.items():
            for place in places:
                # The null monitor is in the same guest as the process monitor, and getppid calls it.
                percent = None if (monitor, work) == ("process", "calls") else samples.percent(place, monitor, work)
                if percent is not None:
                    percents[place][work] = percent
                    result[f"overhead.{monitor}.{place}.{work}_percent"] = round(percent, 2)
            if any(work in percents[place] for place in places):
                row(f"{monitor}: {title}", [shown(percents[place].get(work), "%") +
                            (samples.mark(place, monitor, work) if work in percents[place] else "") for place in places])
        whole = [mean_percent(percents[place].values()) if len(percents[place]) >= len(WORK) - (monitor == "process") else None for place in places]
        if any(percent is not None for percent in whole):
            row(f"{monitor}: all of it (geometric mean)", [shown(percent, "%") for percent in whole])
        for place, percent in zip(places, whole):
            if percent is None:
                continue
            # Processes that begin and end are what the process monitor is for; system calls are everywhere.
            head = percents[place]["spawns"] if monitor == "process" else percent
            result[f"overhead.{monitor}.{place}_percent"] = round(head, 2)
            result[f"overhead.{monitor}.{place}.mean_percent"] = round(percent, 2)
            if head > 0:
                bars["overhead"].append((monitor, place, head))

    kernels = {key[0] for key in samples.ticks if key[1] == "plain"}
    if kernels == {"patched", "unpatched"}:
        print(f"\nA VM without SIM: KVM with the series, KVM without ({ticks} of a unit of work; exits of all rounds)")
        row("", ["with", "without", "difference", "exits with", "exits without"])
        worst = 0
        for work in ["calls", "opens", "spawns", "walk", "script"]:
            there = ("patched", "plain", "none", work)
            # Three guests without a monitor ran on the unpatched kernel.
            others = [("unpatched", place, "none", work) for place in ("plain", "untraced", "unaudited")]
            others = [key for key in others if key in samples.ticks]
            medians = [statistics.median(samples.ticks[key]) for key in others]
            new, old = statistics.median(samples.ticks[there]), statistics.median(medians)
            exits = [samples.exits[key][1] - samples.exits[key][2] for key in (there, others[0])]
            percent = 100 * (new - old) / old
            worst = max(worst, abs(percent))
            result[f"without_sim.{work}.patched_{ticks}"] = round(new, 1)
            result[f"without_sim.{work}.unpatched_{ticks}"] = round(old, 1)
            result[f"without_sim.{work}.percent"] = round(percent, 3)
            result[f"without_sim.{work}.patched_exits"], result[f"without_sim.{work}.unpatched_exits"] = exits
            row(WORK.get(work, "loop of open, no such file"),
                [shown(new), shown(old), f"{percent:+.2f} %", shown(exits[0]), shown(exits[1])])
        result["without_sim.worst_percent"] = round(worst, 3)

    print("\n?: no more than boots of the same guest without a monitor differ by:", ", ".join(
        f"{WORK.get(work, 'loop of open')} {samples.noise(work):.1f} %" for work in ("calls", "opens", "spawns", "walk", "script")) + ".")
    for work in ("calls", "opens", "spawns", "walk", "script"):
        result[f"boots.{work}_percent"] = round(samples.noise(work), 3)
    spread, where = samples.spread()
    result["spread_percent"] = round(spread, 3)
    print(f"The middle half of the rounds lies within {spread:.2f} % of the median, at worst ({' '.join(where or [])}).")
    lost = {f"{place} {monitor}": count for (place, monitor), count in samples.lost.items()}
    result["events.lost"] = sum(lost.values())
    if sum(lost.values()):
        print(f"Events were lost: {lost}. What they took is too low.")
    if not real:
        print("""Instructions are all that the CPU retired: in the guest, KVM, QEMU and the monitor's process. What a CPU does by itself when it
leaves a VM and comes back (some 1000 cycles each time) are none: whatever has exits costs more than is written here.
A string instruction counts once for each repetition, so clearing a page is 4096: work that clears and copies much memory looks
longer here than to a clock, and a monitor's percent of it smaller.""")
    print("The reading of events is not in it for SIM and ftrace, which write to memory; audit's records are read and thrown away in the guest.")
    return result, bars, ticks


COLOURS = {"invm": "#1b7837", "hypercall": "#7fbf7b", "outvm": "#762a83", "audit": "#e08214", "trace": "#2166ac"}


def plot(bars, ticks, path):
    """Two panels of bars on a logarithmic scale."""
    width, bar, left, panel_gap = 860, 18, 190, 46
    out, y = [], 30

    def text(x, y, words, more=""):
        out.append(f'<text x="{x:.0f}" y="{y:.0f}" {more}>{words}</text>')

    panels = [("call", f"A call of the monitor, {ticks} (logarithmic)", ""),
              ("overhead", "Overhead over the guest without a monitor, percent (logarithmic)", " %")]
    for panel, title, unit in panels:
        values = [value for _, _, value in bars[panel]]
        if not values:
            continue
        low = math.floor(math.log10(max(min(value for value in values if value > 0), 0.1)))
        high = math.ceil(math.log10(max(values)))
        scale = (width - left - 90) / max(high - low, 1)
        text(10, y, title, 'font-weight="bold"')
        y += 12
        top = y
        previous = None
        for monitor, place, value in bars[panel]:
            if monitor != previous:
                y += 8 if previous else 0
                text(10, y + bar - 5, monitor, 'font-weight="bold"')
                previous = monitor
            long = max((math.log10(max(value, 10 ** low)) - low) * scale, 1)
            text(left - 6, y + bar - 5, PLACES[place], 'text-anchor="end"')
            out.append(f'<rect x="{left}" y="{y}" width="{long:.1f}" height="{bar - 3}" fill="{COLOURS[place]}"/>')
            digits = f"{value:,.1f}" if unit else f"{value:,.0f}"
            text(left + long + 5, y + bar - 5, digits + unit)
            y += bar
        for power in range(low, high + 1):
            x = left + (power - low) * scale
            out.insert(0, f'<line x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{y}" stroke="#ddd"/>')
            text(x, y + 14, f"{10 ** power:,g}", 'text-anchor="middle" fill="#666"')
        y += panel_gap
    if not out:
        return
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y - 20}" font-family="sans-serif" font-size="12">\n'
                   f'<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(out) + "\n</svg>\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("samples", nargs="+")
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--json", required=True)
    parser.add_argument("--svg", required=True)
    arguments = parser.parse_args()
    samples = Samples()
    for name in arguments.samples:
        samples.read(*name.split("=", 1))
    result, bars, ticks = report(samples, arguments.real)
    plot(bars, ticks, arguments.svg)
    with open(arguments.json, "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
