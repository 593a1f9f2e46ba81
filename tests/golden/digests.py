#!/usr/bin/env python3
"""digests: the same bits everywhere. Runs models here or on a board's emulator and compares token ids and the digest of all
logits with digests.json. Here they run with every row of the kernel table and several numbers of threads.

    digests.py MOTE here|BOARD [--data FOLDER]    exit code 1: different; 77: the board's firmware or its emulator is absent
    digests.py MOTE --record [--data FOLDER]      write digests.json from runs on this machine

digests.json is a list of cases:
    name          unique
    random        shape and seed of a model that is made on the spot; or
    checkpoint    a file or folder below the data folder, with its tokenizer; skipped where it is absent
    pack          further arguments of mote pack
    run           arguments of mote run
    too_big_for   boards whose memory does not hold the case
    ids, digest   what every target must give
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

CASES = pathlib.Path(__file__).resolve().parent / "digests.json"


class Absent(Exception):
    pass


def call(*arguments):
    return subprocess.run([str(a) for a in arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=900)


def pack(mote, case, data, folder):
    """The case's model, or None if its checkpoint is not here."""
    path = folder / (case["name"] + ".mote")
    if "random" in case:
        source = ["--random", case["random"], "--seed", case.get("seed", 1)]
    elif data and (data / case["checkpoint"]).exists():
        source = [data / case["checkpoint"]]
        if "tokenizer" in case:
            source += ["--tokenizer", data / case["tokenizer"]]
    else:
        return None
    done = call(mote, "pack", *source, *case.get("pack", []), "-o", path)
    if done.returncode:
        sys.exit(f"{case['name']}: {done.stderr.decode(errors='replace')}")
    return path


def ways(mote, board):
    """Arguments of mote run: the board, or each kernel row of this machine with one thread, and some threads with the fastest."""
    if board != "here":
        return [["--board", board]]
    rows = re.search(r"^This machine runs the kernels (.+), and takes", call(mote, "targets").stdout.decode(), re.M).group(1)
    return [["--isa", row, "-t", "1"] for row in rows.split()] + [["-t", "2"], ["-t", "3"], []]


def run(mote, case, model, way):
    done = call(mote, "run", "-m", model, *way, *case["run"], "--ids", "--ignore-eos", "--digest")
    output, errors = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    if done.returncode:
        if "E_MISSING" in errors and "--board" in way:  # no firmware, or no emulator
            raise Absent(errors.strip())
        return None, f"exit code {done.returncode}: {errors.strip()}"
    ids, digest = re.search(r"^([0-9 ]+)$", output, re.M), re.search(r"^digest ([0-9a-f]{16})$", output, re.M)
    if not ids or not digest:
        return None, f"no ids and digest in {output!r}"
    return (ids.group(1).strip(), digest.group(1)), None


def check(mote, cases, board, data, folder):
    compared, failed = 0, 0
    for case in cases:
        if board in case.get("too_big_for", []):
            continue
        model = pack(mote, case, data, folder)
        if model is None:
            print(f"skipped: {case['name']}: {case['checkpoint']} is absent")
            continue
        for way in ways(mote, board):
            result, error = run(mote, case, model, way)
            compared += 1
            if error or result != (case["ids"], case["digest"]):
                failed += 1
                print(f"{case['name']} {' '.join(way)}: {error or result[1] + ' ' + result[0]}\n  expected {case['digest']} {case['ids']}")
    print(f"{board}: {compared} runs, {failed} different")
    return 1 if failed or not compared else 0


def record(mote, cases, data, folder):
    for case in cases:
        model = pack(mote, case, data, folder)
        if model is None:
            sys.exit(f"{case['name']}: {case['checkpoint']} is needed to record")
        result, error = run(mote, case, model, [])
        if error:
            sys.exit(f"{case['name']}: {error}")
        case["ids"], case["digest"] = result
    text = ",\n".join("  " + json.dumps(case) for case in cases)
    CASES.write_text(f"[\n{text}\n]\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mote")
    parser.add_argument("board", nargs="?")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--data", type=pathlib.Path)
    arguments = parser.parse_args()
    cases = json.loads(CASES.read_text())
    with tempfile.TemporaryDirectory() as folder:
        if arguments.record:
            record(arguments.mote, cases, arguments.data, pathlib.Path(folder))
            return 0
        try:
            return check(arguments.mote, cases, arguments.board, arguments.data, pathlib.Path(folder))
        except Absent as absent:
            print(f"skipped: {absent}")
            return 77


if __name__ == "__main__":
    sys.exit(main())
