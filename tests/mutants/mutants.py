#!/usr/bin/env python3
"""mutants: whether the tests notice when a check of a parser is taken out.

    mutants.py FOLDER [--record] [FILE...]      the parsers of PARSERS, or those of them that are named

A copy of the sources in FOLDER gets a switch around the condition of every refusal in a parser: `if (bad) refuse(...)` becomes
`if (keeps(7) && (bad)) refuse(...)`. It is built once; then the parser's tests run once for each check, without that one. Tests that
fail, crash or do not end have noticed. With --record the table goes to mutants.md, with the checks that nobody missed.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECORD = ROOT / "tests" / "mutants" / "mutants.md"
# Parsers, and the tests of host_test that are theirs.
PARSERS = {
    "tools/base/json.cpp": "json.*",
    "tools/import/safetensors.cpp": "safetensors.*",
    "tools/import/zip.cpp": "zip.*:torch*.*",
    "tools/import/pickle.cpp": "pickle.*:torch*.*",
    "tools/import/torch.cpp": "torch*.*",
    "tools/import/llama2c.cpp": "llama2c.*",
    "tools/gguf/gguf_file.cpp": "gguf_faults.*:import_gguf.*:tokenizer_gguf.*",
    "tools/tokenizer/sentencepiece_model.cpp": "sentencepiece.files*:sentencepiece.more*:sentencepiece.every*:charsmap.*",
    "tools/tokenizer/protobuf.cpp": "sentencepiece.files*:sentencepiece.every*",
    "tools/tokenizer/charsmap.cpp": "charsmap.*",
    "tools/tokenizer/tokenizer_llama2c.cpp": "tokenizer_llama2c.*",
    "tools/tokenizer/tokenizer_gpt2.cpp": "tokenizer_gpt2.*",
    "tools/tokenizer/tokenizer_gguf.cpp": "tokenizer_gguf.*",
    "tools/tokenizer/tokenizer_json.cpp": "tokenizer_json.*",
}
PROGRAMS = {"tools/gguf/gguf_file.cpp": ["tests/fault/fault_test", "tests/host/host_test"]}
REFUSAL = re.compile(r"\s*(?:[\w.>()-]+[.>])?(?:refuse\w*|fail)\(")
SWITCH = """
#include <cstdlib>
namespace {
// Whether a check is there: all are but the one of MOTE_WITHOUT.
bool keeps(long check) {
    static const long without = std::getenv("MOTE_WITHOUT") ? std::atol(std::getenv("MOTE_WITHOUT")) : -1;
    return check != without;
}
}  // namespace
"""


def closing(text, begin):
    """Where the parenthesis that opens at `begin` closes; None within a string that this does not follow."""
    depth, quote, i = 0, None, begin
    while i < len(text):
        c = text[i]
        if quote:
            i += c == "\\"
            quote = None if c == quote else quote
        elif c in "\"'":
            quote = c
        elif c in "()":
            depth += 1 if c == "(" else -1
            if depth == 0:
                return i
        i += 1
    return None


def with_switches(text, first):
    """The source with a switch for each check, and the lines of the checks, which are counted from `first`."""
    lines, out, at = [], "", 0
    for match in re.finditer(r"\bif \(", text):
        begin = match.end() - 1
        end = closing(text, begin)
        if match.start() < at or end is None or not REFUSAL.match(text, end + 1):
            continue
        initializer, _, condition = text[begin + 1:end].rpartition("; ")
        out += text[at:begin + 1] + (initializer + "; " if initializer else "") + f"keeps({first + len(lines)}) && ({condition})"
        lines.append(text.count("\n", 0, match.start()) + 1)
        at = end
    return out + text[at:], lines


def copy_sources(to):
    shutil.rmtree(to, ignore_errors=True)
    files = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], capture_output=True, check=True, text=True).stdout.split("\0")
    for name in filter(None, files):
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, to / name)


def prepare(folder, parsers):
    """Copies, switches, builds; the checks as (number, parser, line)."""
    source, checks = folder / "source", []
    copy_sources(source)
    for parser in parsers:
        text, lines = with_switches((source / parser).read_text(), len(checks))
        last_include = text.rindex("\n#include")
        end = text.index("\n", last_include + 1)
        (source / parser).write_text(text[:end + 1] + SWITCH + text[end + 1:])
        checks += [(len(checks) + i, parser, line) for i, line in enumerate(lines)]
    with open(folder / "build.log", "wb") as log:
        for command in (["cmake", "-S", source, "-B", folder / "build", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release"],
                        ["cmake", "--build", folder / "build", "-j2", "--target", "host_test", "fault_test"]):
            if subprocess.run(command, stdout=log, stderr=log).returncode != 0:
                sys.exit(f"mutants.py: see {folder / 'build.log'}")
    return checks


def notices(folder, parser, without):
    """Whether a test of the parser fails without a check."""
    for program in PROGRAMS.get(parser, ["tests/host/host_test"]):
        command = [folder / "build" / program, f"--gtest_filter={PARSERS[parser]}", "--gtest_brief=1", "--gtest_fail_fast"]
        try:
            done = subprocess.run(["timeout", "60", "bash", "-c", 'ulimit -v 8000000; exec "$@"', "-", *command],
                                  env={**os.environ, "MOTE_WITHOUT": str(without), "MOTE_WHOLE": "1"}, capture_output=True)
        except OSError as error:
            sys.exit(f"mutants.py: {error}")
        if done.returncode != 0:
            return True
    return False


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--record", action="store_true")
    arguments.add_argument("file", nargs="*")
    options = arguments.parse_intermixed_args()
    parsers = options.file or list(PARSERS)
    options.folder.mkdir(parents=True, exist_ok=True)
    checks = prepare(options.folder, parsers)
    for parser in parsers:
        if notices(options.folder, parser, -1):
            sys.exit(f"mutants.py: the tests of {parser} fail with every check in place")
    missed = []
    for number, parser, line in checks:
        if not notices(options.folder, parser, number):
            missed.append((parser, line))
            print(f"{parser}:{line}: nobody misses this check", flush=True)
    table = ["# Checks that were taken out, one at a time\n",
             "`mutants.py` writes this. A check is noticed if a test fails without it.\n", "| parser | checks | noticed |\n|---|---:|---:|"]
    for parser in parsers:
        of = [c for c in checks if c[1] == parser]
        table.append(f"| `{parser}` | {len(of)} | {len(of) - sum(m[0] == parser for m in missed)} |")
    table.append(f"| all | {len(checks)} | {len(checks) - len(missed)} |")
    if missed:
        table.append("\nNobody misses:\n")
        for parser, line in missed:
            table.append(f"* {parser}: `{(ROOT / parser).read_text().splitlines()[line - 1].strip()}`")
    text = "\n".join(table) + "\n"
    RECORD.write_text(text) if options.record else print(text)


if __name__ == "__main__":
    main()
