#!/usr/bin/env python3
"""budget: what the library costs, and that it does not grow unnoticed. Compares measurements with budget.json.

    budget.py MOTE BUILDS plan        bytes of arena that mote plan reports, exactly
    budget.py MOTE BUILDS small.BOARD bytes of core in a firmware with one weight format and one family, and that it works (small.py)
    budget.py MOTE BUILDS BOARD       bytes of code of the firmware and of core in it, and the deepest stack; 77: not built
    budget.py MOTE BUILDS --record    measures everything and writes budget.json, and README.md with the same as a table

Code and stack may differ by the slack below before a test fails: above it has grown, below the file no longer tells the truth.

The stack is the deepest path of the call graph that GCC writes (-fcallgraph-info=su), from reset through app_main: every file of
the firmware is compiled once more for it. A call through core's table of kernels counts as one to the deepest kernel of that name, any other call
through a pointer as one to the deepest of all. A function that calls itself, however indirectly, or whose frame has no fixed size,
fails the test. Functions of the compiler's library count as 64 bytes.
"""

import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "checks"))
import elf
import small

BUDGET = HERE / "budget.json"
GROWS, SHRINKS = 0.02, 0.10  # slack of code and stack
COMPILER_LIBRARY = 64        # bytes: the deepest of libgcc's arithmetic on Cortex-M0, and memcpy, with room to spare
KERNEL = re.compile(r"N4mote\d+(ref|thumb|dsp|mve|neon|dotprod)_|core/kernels/\w+/")
APP_MAIN = "_Z8app_mainv"    # every port calls it
INDIRECT = "__indirect_call"
BARE_METAL = ["microbit", "mps2-an385", "mps2-an386", "netduinoplus2", "mps2-an500", "mps2-an505", "mps3-an547", "virt-aarch64"]
PLANS = [
    ("260K", ["-c", "512", "--tile", "1"]),
    ("260K", ["-c", "512", "--tile", "8", "--kv", "f16"]),
    ("15M", ["-c", "256", "--tile", "1"]),
    ("llama:dim=32,layers=2,heads=4,kv_heads=2,hidden=64,vocab=259,context=48", ["-c", "48", "--tile", "1"]),
]


# ---- plans

def plan_bytes(mote):
    bytes_of = {}
    with tempfile.TemporaryDirectory() as folder:
        for shape, arguments in PLANS:
            model = pathlib.Path(folder) / "m.mote"
            subprocess.run([mote, "pack", "--random", shape, "-o", model, "--force"], check=True, capture_output=True)
            told = subprocess.run([mote, "plan", "-m", model, *arguments], check=True, capture_output=True, text=True).stdout
            bytes_of[" ".join([shape, *arguments])] = int(re.search(r"^arena +(\d+)$", told, re.M).group(1))
    return bytes_of


# ---- code

def small_bytes(mote, builds, board):
    program = small.build(board, builds / "host" / "firmware")
    return {"core": core_bytes(program, "libmote_core_small")}, list(small.wrong_runs(mote, program, board))


def flash_bytes(path):
    program = elf.Elf(path.read_bytes(), path.name)
    return program.bytes_of(lambda s: s.flags & elf.ALLOC and s.type != elf.NOBITS)


def core_bytes(program, archive):
    """Bytes of core's functions and tables that the linker kept, from its map."""
    total = 0
    # "  .text._ZN4mote...    0x00001234   0x56 core/libmote_core.a(step.cpp.obj)"; long names take a line of their own.
    text = re.sub(r"\n +(0x[0-9a-f]+ +0x[0-9a-f]+ )", r" \1", (program.parent / (program.name + ".map")).read_text())
    begin = text.index("Linker script and memory map")
    for size, file in re.findall(r"^ \.(?:text|rodata|data)\S* +0x[0-9a-f]+ +(0x[0-9a-f]+) (\S+)", text[begin:], re.M):
        if archive in file:
            total += int(size, 16)
    return total


# ---- stack

class CallGraph:
    def __init__(self):
        self.frame, self.calls, self.problems, self.sources = {}, {}, [], {}

    def read(self, path):
        text = path.read_text()
        for title, label in re.findall(r'node: \{ title: "([^"]+)" label: "([^"]+)"', text):
            match = re.search(r"(\d+) bytes \(([a-z,]+)\)", label)
            if not match:
                continue
            self.frame[title] = int(match.group(1))
            if match.group(2) == "dynamic":
                self.problems.append(f"{title}: the frame has no fixed size")
        for source, target, place in re.findall(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"(?: label: "([^"]*)")?', text):
            self.calls.setdefault(source, set()).add(target + self.kernel_named_at(place) if target == INDIRECT else target)

    def kernel_named_at(self, place):
        """Which kernels a line may call: ":matmul_q8" for `kernel.matmul_q8(`, all of attention for `run_two : run`; "": any."""
        file, line = place.split(":")[:2]
        if file not in self.sources:
            self.sources[file] = pathlib.Path(file).read_text().splitlines()
        text = self.sources[file][int(line) - 1]
        match = re.search(r"\bkernel\.(\w+)\(", text)
        return ":" + match.group(1) if match else r":attend_\w+" if "run_two : run" in text else ""

    def root_above(self, function):
        """What runs first on the way to a function."""
        callers = [f for f, calls in self.calls.items() if function in calls and f != function]
        return self.root_above(callers[0]) if callers else function

    def deepest(self, entry):
        """Bytes of stack from `entry` on, and the path that takes them."""
        kernels = [f for f in self.frame if KERNEL.search(f)]
        known, open_calls = {}, set()

        def visit(function):
            if function in known:
                return known[function]
            if function in open_calls:
                self.problems.append(f"{function}: calls itself")
                return 0, []
            if function.startswith(INDIRECT):
                name = function[len(INDIRECT) + 1:]
                named = [k for k in kernels if re.search(rf"_{name}E", k)] if name else kernels
                return max((visit(k) for k in named or kernels if k not in open_calls), default=(0, []))
            if function not in self.frame:
                return COMPILER_LIBRARY, [function]
            open_calls.add(function)
            below, path = max((visit(c) for c in self.calls.get(function, ())), default=(0, []))
            open_calls.remove(function)
            known[function] = (self.frame[function] + below, [function] + path)
            return known[function]

        return visit(entry)


def stack_bytes(build, program):
    commands = json.loads((build / "compile_commands.json").read_text())
    mine = re.compile(rf"(mote_core|mote_port|{program})\.dir/")
    graph = CallGraph()
    with tempfile.TemporaryDirectory() as folder:
        running = []
        for i, entry in enumerate(c for c in commands if mine.search(c["command"])):
            words = shlex.split(entry["command"])
            words[words.index("-o") + 1] = f"{folder}/{i}.o"
            running.append(subprocess.Popen(words + ["-fcallgraph-info=su"], cwd=entry["directory"]))
            if len(running) == 2:
                running.pop(0).wait()
        for process in running:
            process.wait()
        for file in pathlib.Path(folder).glob("*.ci"):
            graph.read(file)
    bytes_of, path = graph.deepest(graph.root_above(APP_MAIN))
    if len(path) < 5:
        graph.problems.append(f"the call graph is not whole: {path}")
    return bytes_of, path, graph.problems


def measure(build):
    program = build / "targets" / "say"
    stack, path, problems = stack_bytes(build, program.name)
    print(f"{build.name}: {stack} bytes of stack: {' > '.join(path)}")
    return {"firmware": flash_bytes(program), "core": core_bytes(program, "libmote_core"), "stack": stack}, problems


# ---- the table

README = """# budget: what the library costs

Written by `budget.py MOTE BUILDS --record`, from the firmware `say` of each board with every weight format, family and cache in it.
Tests hold the figures: code and stack to 2 %, arenas to the byte.

* **code**: everything in flash but the model. **core**: the library's part of it.
* **stack**: the deepest path of the compiler's call graph, from reset on.
* **small**: core in a firmware for q8 weights, a q8 cache, Llama's family and plain byte-pair tokenizers, compiled for size, and
  how much it may be (`targets/README.md`, `small.py`).

| board | code | core | stack | small |
|---|---|---|---|---|
"""


def table(budget):
    text = README
    for board in BARE_METAL:
        b = budget[board]
        own = budget.get("small." + board)
        text += f"| {board} | {b['firmware']} | {b['core']} | {b['stack']} | {'%d of %d' % (own['core'], small.MOST[board]) if own else ''} |\n"
    text += "\n| model, and arguments of `mote plan` | bytes of arena |\n|---|---|\n"
    for what, bytes_of in budget["plan"].items():
        text += f"| `{what}` | {bytes_of} |\n"
    return text


# ---- comparison

def differences(name, found, budget):
    for what, value in found.items():
        allowed = budget.get(what)
        if allowed is None:
            yield f"{name}: {what}: {value} is not in the budget"
        elif name == "plan" and value != allowed:
            yield f"{name}: {what}: {value} bytes, the budget says {allowed}"
        elif value > allowed * (1 + GROWS) or value < allowed * (1 - SHRINKS):
            yield f"{name}: {what}: {value} bytes, the budget says {allowed}"


def small_differences(mote, builds, what):
    board = what[len("small."):]
    found, wrong = small_bytes(mote, builds, board)
    if found["core"] > small.MOST[board]:
        wrong.append(f"{what}: {found['core']} bytes of code are more than {small.MOST[board]}")
    return wrong + list(differences(what, found, json.loads(BUDGET.read_text()).get(what, {})))


def tell(wrong):
    for line in wrong:
        print(line)
    if wrong:
        print("if this is meant: tests/budget/budget.py MOTE BUILDS --record, and say why in the commit")
    return 1 if wrong else 0


def main():
    mote, builds, what = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    if what == "--record":
        budget = {"plan": plan_bytes(mote)}
        for board in BARE_METAL:
            budget[board], problems = measure(builds / board)
            if problems:
                sys.exit("\n".join(problems))
        for board in small.MOST:
            budget["small." + board], problems = small_bytes(mote, builds, board)
            if problems:
                sys.exit("\n".join(problems))
        BUDGET.write_text(json.dumps(budget, indent=2) + "\n")
        (HERE / "README.md").write_text(table(budget))
        return 0
    if what.startswith("small."):
        return tell(small_differences(mote, builds, what))
    if what != "plan" and not (builds / what / "targets" / "say").exists():
        print(f"skipped: the firmware of {what} is not built")
        return 77
    found, problems = (plan_bytes(mote), []) if what == "plan" else measure(builds / what)
    wrong = problems + list(differences(what, found, json.loads(BUDGET.read_text()).get(what, {})))
    facts = HERE.parents[1] / "targets" / what / "board.json"
    if facts.exists():
        room = json.loads(facts.read_text()).get("stack_bytes", 0)
        if found["stack"] > room:
            wrong.append(f"{what}: the stack has {room} bytes, the deepest path takes {found['stack']}")
    return tell(wrong)


if __name__ == "__main__":
    sys.exit(main())
