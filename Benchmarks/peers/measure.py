"""The clock, the server's own CPU time, and the table that is printed."""

import os
import pathlib
import statistics
import time

TICK = os.sysconf("SC_CLK_TCK")


def descendants(pid):
    """The process and all below it."""
    found, parents = [pid], {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    for each in found:
        found += parents.get(each, [])
    return found


def cpu_seconds(pid):
    """User and system time of a process and of all below it, the ended ones too."""
    total = 0
    for each in descendants(pid):
        try:
            fields = pathlib.Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(int(field) for field in fields[11:15])
    return total / TICK


def own_cpu_seconds(pid):
    """User and system time of one process alone, to the microsecond: Linux derives a clock's number from a process's."""
    return time.clock_gettime((~pid << 3) | 2)


def memory_mb(pid):
    """What a process holds in memory, and how much of it is its own rather than files': megabytes."""
    fields = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return tuple(int(fields[name].split()[0]) / 1_000 for name in ("VmRSS", "RssAnon"))


def median_ms(action, rounds):
    """Median, and the slowest of twenty, of `rounds` runs of `action` in milliseconds."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        action()
        times.append((time.perf_counter() - started) * 1_000)
    times.sort()
    return statistics.median(times), times[int(len(times) * 0.95)]


def table(title, columns, rows):
    """Prints a Markdown table."""
    print(f"\n### {title}\n")
    print("| " + " | ".join(columns) + " |")
    print("|" + "---|" * len(columns))
    for row in rows:
        print("| " + " | ".join(str(each) for each in row) + " |")
