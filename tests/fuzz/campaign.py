#!/usr/bin/env python3
"""campaign: runs fuzz targets that `run` has built for libFuzzer, in slices, and says what was run.

    campaign.py BUILD [--runs N] [--seconds N] [--seed N] [--under COMMAND] [--record] [TARGET...]

Every slice is a process of so many seconds with the next seed, and goes on from the corpus in BUILD/corpus/TARGET. With --record the rows of
campaign.md are written: a row goes on if it is of the same commit, and begins anew if not. Exit code 1 with a finding, whose input
stays in BUILD/findings/TARGET.
"""

import argparse
import datetime
import os
import pathlib
import re
import shlex
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
RECORD = HERE / "campaign.md"
HEADER = """# Inputs that the parsers were run with

libFuzzer with the address and undefined-behaviour sanitizers; `campaign.py` writes this table. Every slice of a campaign is a process
with a seed of its own. Edges are those of the whole program that were reached. A row holds for its commit; seconds are of the clock,
on a machine that others used, too.

| target | inputs | seeds | edges | corpus files | seconds | findings | date | commit |
|---|---:|---:|---:|---:|---:|---:|---|---|
"""
COLUMNS = ("target", "inputs", "seeds", "edges", "corpus", "seconds", "findings", "date", "commit")
TEXT = ("target", "date", "commit")
# Options that bound an input: seconds, bytes of one allocation, bytes of an input. Nobody else writes into the corpus.
BOUNDS = ["-timeout=5", "-malloc_limit_mb=256", "-rss_limit_mb=2048", "-max_len=8192", "-reload=0"]
# What every input would pay for: a look for leaks, which the end of the process has, too; stack traces; new pages: freed memory comes
# back after 16 MiB, which few inputs allocate.
SPEED = ["-detect_leaks=0"]
SANITIZERS = "detect_stack_use_after_return=0:malloc_context_size=1:quarantine_size_mb=16"


def commit():
    command = ["git", "-C", HERE, "rev-parse", "--short=10", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def recorded():
    """Rows of the table by target."""
    rows = {}
    for line in RECORD.read_text().splitlines() if RECORD.exists() else []:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) == len(COLUMNS) and cells[0] != "target":
            rows[cells[0]] = {column: cell if column in TEXT else int(cell) for column, cell in zip(COLUMNS, cells)}
    return rows


def write(rows, order):
    lines = ["| " + " | ".join(str(rows[name][column]) for column in COLUMNS) + " |\n" for name in order if name in rows]
    RECORD.write_text(HEADER + "".join(lines))


def run_slice(build, target, runs, seconds, seed, under):
    """Inputs, edges and seconds of one process, and whether it ended with a finding."""
    folders = [build / "corpus" / target, build / "findings" / target]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    command = [*under, build / "tests" / "fuzz" / f"fuzz_{target}", f"-runs={runs}", f"-max_total_time={seconds}", f"-seed={seed}",
               *BOUNDS, *SPEED, "-print_final_stats=1", f"-artifact_prefix={folders[1]}/", folders[0], build / "tests" / "fuzz" / "corpus" / target]
    done = subprocess.run(command, env={**os.environ, "ASAN_OPTIONS": SANITIZERS}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    text = done.stderr.decode(errors="replace")
    (build / f"{target}.log").write_text(text)
    inputs, edges = re.search(r"number_of_executed_units: (\d+)", text), re.findall(r"cov: (\d+)", text)
    seconds = re.search(r"Done \d+ runs in (\d+) second", text)
    return int(inputs[1]) if inputs else 0, int(edges[-1]) if edges else 0, int(seconds[1]) if seconds else 0, done.returncode != 0


def run_target(target, row, options):
    """Adds slices to the row until it has its inputs; yields after each."""
    while row["inputs"] < options.runs and not row["findings"]:
        left, seed = options.runs - row["inputs"], options.seed + row["seeds"]
        inputs, edges, seconds, found = run_slice(options.build, target, left, options.seconds, seed, options.under)
        row["inputs"] += inputs
        row["seeds"] += 1
        row["edges"] = edges
        row["seconds"] += seconds
        row["corpus"] = sum(1 for _ in (options.build / "corpus" / target).iterdir())
        row["findings"] += found
        row["date"] = datetime.date.today().isoformat()
        yield


def main():
    names = (HERE / "targets.txt").read_text().split()
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=2000000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--under", type=shlex.split, default=[], help="a command that runs each slice, such as nice")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("target", nargs="*", default=names)
    options = parser.parse_intermixed_args()
    rows, now = recorded() if options.record else {}, commit()
    for target in options.target:
        if target not in names:
            sys.exit(f"campaign.py: there is no target {target}")
        row = rows.get(target, {})
        if row.get("commit") != now:
            row = rows[target] = {**dict.fromkeys(COLUMNS, 0), "target": target, "commit": now}
        for _ in run_target(target, row, options):
            if options.record:
                write(rows, names)
        print(f"{target}: {row['inputs']} inputs, {row['findings']} findings", flush=True)
    sys.exit(1 if any(rows[target]["findings"] for target in options.target) else 0)


if __name__ == "__main__":
    main()
