"""arm: instructions on Arm cores, counted in the emulator. Counts are exact and repeat to the last digit.

  arm.py write MOTE TABLE BUILDS   measures and writes the table
  arm.py check MOTE TABLE BUILDS   measures and fails where a count is more than 1 % above the table
"""
import json
import os
import random
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "support"))
import firmware
import shares

# What is measured: core, board, the plugin's argument for the instruction set, whether tokens are counted, and under Linux
# the CPU.
TARGETS = [
    ("Cortex-M0", "microbit", "thumb", True, None),
    ("Cortex-M3", "mps2-an385", "thumb", True, None),
    ("Cortex-M4", "mps2-an386", "thumb", True, None),
    ("Cortex-M7", "mps2-an500", "thumb", True, None),
    ("Cortex-M33", "mps2-an505", "thumb", True, None),
    ("Cortex-M55", "mps3-an547", "thumb", True, None),
    ("Armv7-A", "linux-armv7", "thumb", True, "cortex-a15"),
    ("AArch64 A53", "linux-aarch64", "a64", True, "cortex-a53"),
    ("AArch64 A76", "linux-aarch64", "a64", True, "cortex-a76"),
    ("AArch64 i8mm", "linux-aarch64", "a64", False, "max"),
]

SHAPES = ["768x288", "256x256", "64x64"]

# Counted with the same plugin, -O3; a pair is gcc 12.2, clang 19. Activations are quantized and weights packed before the count.
# CMSIS-NN 99f736a (July 2026): arm_fully_connected_s8 and _s4.
# ggml of llama.cpp c392e50 (February 2025), -march=armv8-a: ggml_vec_dot_q8_0_q8_0 and ggml_vec_dot_q4_0_q8_0, a call for each row.
# KleidiAI 495f652 (August 2026), the least of its dotprod kernels from one row of qai8dxp to f32, which are assembly:
# qai8dxp1x4_qsi8cxp4x4_1x4 (the other: 0.205) and qai8dxp1x8_qsi4cxp8x8_1x8x32 (the others: 0.227 and 0.236).
PEER_PRODUCTS = {
    "Cortex-M0": {"peer": "CMSIS-NN", "q8": ["6.33", "6.39", "7.62"], "q4": ["7.98", "-", "9.25"]},
    "Cortex-M3": {"peer": "CMSIS-NN", "q8": ["3.46", "3.49", "3.99"], "q4": ["5.15", "-", "5.72"]},
    "Cortex-M4": {"peer": "CMSIS-NN", "q8": ["2.05, 2.29", "2.07, 2.31", "2.68, 2.88"],
                  "q4": ["5.04, 4.16", "-", "5.67, 4.76"]},
    "Cortex-M7": {"peer": "CMSIS-NN", "q8": ["2.05", "2.07", "2.68"], "q4": ["5.04", "-", "5.67"]},
    "Cortex-M33": {"peer": "CMSIS-NN", "q8": ["2.05", "2.07", "2.68"], "q4": ["5.04", "-", "5.66"]},
    "Cortex-M55": {"peer": "CMSIS-NN", "q8": ["0.513, 0.196", "0.520, 0.202", "0.703, 0.364"],
                   "q4": ["0.456, 0.380", "-", "0.831, 0.703"]},
    "AArch64 A53": {"peer": "ggml", "q8": ["1.000, 0.802", "0.977, 0.778", "1.472, 1.190"],
                    "q4": ["1.559, 1.052", "1.071, 0.895", "1.566, 1.331"]},
    "AArch64 A76": {"peer": "KleidiAI", "q8": ["0.196", "0.199", "0.293"], "q4": ["0.202", "0.205", "0.279"]},
}

# llama2.c run.c (float), -O3, gcc 12.2, the same shape: positions 0 and 255 and the mean, millions.
PEER_TOKENS = {
    "Cortex-M3": ["25.2", "57.7", "41.4"],
    "Cortex-M4": ["1.435", "3.381", "2.386"],
    "Cortex-M7": ["1.410", "3.075", "2.246"],
    "Cortex-M33": ["1.435", "3.368", "2.380"],
    "Cortex-M55": ["1.082", "2.593", "1.840"],
    "Armv7-A": ["1.418", "3.088", "2.255"],
    "AArch64 A53": ["0.963", "2.144", "1.556"],
    "AArch64 A76": ["0.963", "2.144", "1.556"],
}

WEIGHTS = ["q8", "q4"]

# KleidiAI, int8 and int4 with one scale a row, and CMSIS-NN arm_softmax_s8 (an element of 256), counted with the same plugin.
PEER_PREFILL = {"AArch64 i8mm": {"q8": "0.058", "q4": "0.068"}}
PEER_SOFTMAX = {"Cortex-M0": "1905", "Cortex-M3": "507", "Cortex-M4": "511, 415", "Cortex-M7": "519", "Cortex-M33": "510", "Cortex-M55": "540, 75"}

# Where the board has no room for the 260K model: another, whose core runs the same instructions and more.
ROOMIER = {"Cortex-M0": ("mps2-an385", "cortex-m0")}

# llama2.c on the 15M shape: run.c -O3 and -Ofast, runq.c (int8) -O3, the mean of the first 32 positions, millions.
PEER_15M = ["50.6", "24.0", "25.1"]

# What is to be reached, in the units of the tables. notes.json tells of each that is not what bounds it and what was tried, of no other.
NOTES = os.path.join(HERE, "notes.json")
AIMS_TOKENS = {"Cortex-M0": 2.2, "Cortex-M3": 1.2, "Cortex-M4": 0.6, "Cortex-M7": 0.6, "Cortex-M33": 0.6, "Cortex-M55": 0.16, "Armv7-A": 0.25,
               "AArch64 A53": 0.20, "AArch64 A76": 0.12}
AIM_15M = 3.0
AIMS_PRODUCTS = {
    ("Cortex-M0", "q8"): 4.5, ("Cortex-M3", "q8"): 2.4, ("Cortex-M3", "q4"): 3.2, ("Cortex-M4", "q8"): 1.35, ("Cortex-M4", "q4"): 1.30,
    ("Cortex-M7", "q8"): 1.35, ("Cortex-M7", "q4"): 1.30, ("Cortex-M33", "q8"): 1.35, ("Cortex-M33", "q4"): 1.30,
    ("Cortex-M55", "q8"): 0.16, ("Cortex-M55", "q4"): 0.22, ("AArch64 A53", "q8"): 0.29, ("AArch64 A53", "q4"): 0.33,
    ("AArch64 A76", "q8"): 0.13, ("AArch64 A76", "q4"): 0.16,
}
AIMS_PREFILL = {("AArch64 i8mm", "q8"): 0.055, ("AArch64 i8mm", "q4"): 0.060}
AIMS_SOFTMAX = {"Cortex-M0": 25, "Cortex-M3": 25, "Cortex-M4": 25, "Cortex-M7": 25, "Cortex-M33": 25, "Cortex-M55": 8, "Armv7-A": 25,
                "AArch64 A53": 25, "AArch64 A76": 25}


class Bench:
    def __init__(self, mote, builds):
        self.builds, self.folder = builds, os.path.join(builds, "bench_arm")
        os.makedirs(self.folder, exist_ok=True)
        self.plugin = os.path.join(self.folder, "count.so")
        firmware.quiet(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", os.path.join(HERE, "count.c"), "-o", self.plugin])
        with open(os.path.join(self.folder, "weights"), "wb") as file:
            file.write(random.Random(1).randbytes(256 * 1024 - 48 * 1024))  # as much as the smallest board has room for
        for weights in WEIGHTS:
            firmware.quiet([mote, "pack", "--random", "260K", "--weights", weights, "--force", "-o", os.path.join(self.folder, weights)])
        firmware.quiet([mote, "pack", "--random", "15M", "--weights", "q8", "--force", "-o", os.path.join(self.folder, "15M")])

    def count(self, target, program, model):
        """What the program prints, line by line, each with its count."""
        core, board, isa, _, cpu = target
        compiled_for = None
        if model != "weights" and core in ROOMIER:
            board, compiled_for = ROOMIER[core]
        if model != "weights":  # where there are files, the program opens "model"
            shutil.copyfile(os.path.join(self.folder, model), os.path.join(self.folder, "model"))
        elf = firmware.build(board, program, self.builds, compiled_for)
        counts = os.path.join(self.folder, "%s.%s.%s.%s" % (core.replace(" ", "-"), board, program, model))
        plugin = "%s,out=%s,profile=%s.profile,isa=%s" % (self.plugin, counts, counts, isa)
        told = firmware.run(board, elf, plugin, os.path.join(self.folder, model), self.folder, cpu)
        self.shares = shares.shares(elf, counts + ".profile")
        with open(counts, encoding="ascii") as file:
            numbers = [int(line) for line in file]
        lines = told.splitlines()
        if len(lines) != len(numbers):
            raise SystemExit("%s: %d lines, %d counts" % (board, len(lines), len(numbers)))
        return list(zip(lines, numbers))

    def products(self, target):
        """{(row, operation, shape): instructions a multiply-accumulate or a position}"""
        out = {}
        for line, n in self.count(target, "bench_kernels", "weights"):
            row, operation, shape, work = line.split()
            out[row, operation, shape] = n / int(work)
        return out

    def tokens(self, target, weights):
        """Counts of the first and the last token, the mean, and {operation: mean}."""
        numbers = [n for _, n in self.count(target, "bench_tokens", weights)]
        if sum(self.shares.values()) != sum(numbers):
            raise SystemExit("%s: the profile has %d instructions, the count %d" % (target[0], sum(self.shares.values()), sum(numbers)))
        return [numbers[0], numbers[-1], sum(numbers) / len(numbers)], {name: n / len(numbers) for name, n in self.shares.items()}


def peer_row(peer):
    return "| | *%s* | %s |" % (peer["peer"], " | ".join("*%s*" % v for w in WEIGHTS for v in peer[w]))


def softmax_lines(counts):
    lines = ["", "## Softmax, instructions an element", "",
             "256 scores of one query become weights, the scales of values multiplied in, and their sum. The largest score is found where scores are",
             "made, by three instructions more without vectors. CMSIS-NN: arm_softmax_s8, gcc (and clang).", "",
             "| core | row | softmax | CMSIS-NN |", "|---|---|---|---|"]
    return lines + ["| %s | %s | %.1f | %s |" % (core, row, n, PEER_SOFTMAX.get(core, "-")) for core, (row, n) in counts.items()]


SHARES = "## Where the instructions of a token are"


def share_lines(spent):
    lines = ["", SHARES, "", "260K, q8, mean of 256 positions, thousands; by function (`arm/shares.py`). Not compared by the test.", "",
             "| core | " + " | ".join(shares.NAMES) + " |", "|---|" + "---|" * len(shares.NAMES)]
    return lines + ["| %s | %s |" % (core, " | ".join("%.1f" % (own[name] / 1e3) for name in shares.NAMES)) for core, own in spent.items()]


def prefill_lines(products):
    lines = ["", "## Prefill of 16 tokens, instructions a multiply-accumulate", "",
             "KleidiAI: int8 and int4 with one scale a row, where q4 here has one for each 32 columns.", "",
             "| core | row | " + " | ".join("%s %s" % (w, s) for w in WEIGHTS for s in SHAPES) + " | KleidiAI: q8 | q4 |",
             "|---|---|" + "---|" * (len(WEIGHTS) * len(SHAPES) + 2)]
    for core, own in products.items():
        row = list(own)[-1][0]
        peer = [PEER_PREFILL.get(core, {}).get(w, "-") for w in WEIGHTS]
        lines.append("| %s | %s | %s |" % (core, row, " | ".join(["%.3f" % own[row, w + "-tile", s] for w in WEIGHTS for s in SHAPES] + peer)))
    return lines


def lines_of_15M(mean):
    return ["", "## Instructions a token, 15M, millions", "",
            "dim 288, hidden 768, 6 layers, 6 heads, vocab 32000, q8 weights and cache: mean of the first 32 positions.", "",
            "| core | q8 | llama2.c run.c -O3 | run.c -Ofast | runq.c (int8) -O3 |", "|---|---|---|---|---|",
            "| AArch64 A76 | %.3f | %s |" % (mean, " | ".join(PEER_15M))]


def aims(means, mean_15M, products, prefill, softmax):
    """The aims beside the measured. What is not reached must have a note, and no other may."""
    lines = ["", "## What was to be reached", "", "| what | aim | here | above the aim | what bounds it, and what was tried |", "|---|---|---|---|---|"]
    rows = [("token, %s, q8, mean" % core, aim, means[core]) for core, aim in AIMS_TOKENS.items()]
    rows += [("token, AArch64 A76, 15M, q8", AIM_15M, mean_15M)]
    rows += [("%s, %s 768x288" % (core, weights), aim, products[core, weights]) for (core, weights), aim in AIMS_PRODUCTS.items()]
    rows += [("prefill, %s, %s 768x288" % (core, w), aim, prefill[core][list(prefill[core])[-1][0], w + "-tile", SHAPES[0]])
             for (core, w), aim in AIMS_PREFILL.items()]
    rows += [("softmax, %s" % core, aim, softmax[core][1]) for core, aim in AIMS_SOFTMAX.items()]
    with open(NOTES, encoding="utf-8") as file:
        notes = json.load(file)
    missed = {what for what, aim, here in rows if here > aim * 1.005}
    wrong = ["notes.json lacks %s, which is not reached" % what for what in sorted(missed - set(notes))]
    wrong += ["notes.json has %s, which is reached or no aim" % what for what in sorted(set(notes) - missed)]
    if wrong:
        raise SystemExit("\n".join(wrong))
    for what, aim, here in rows:
        above = "%.0f %%" % (100 * (here / aim - 1)) if what in missed else "-"
        lines.append("| %s | %.3g | %.3g | %s | %s |" % (what, aim, here, above, notes.get(what, "reached")))
    return lines


def table(bench):
    text = ["# Instructions on Arm cores", "",
            "Written by `arm/arm.py` from counts in the emulator (QEMU, `arm/count.c`), which are exact: the same sources and compiler give the same",
            "digits. gcc 12.2, each board's own flags. Instructions are not cycles; they are what can be counted everywhere. A test",
            "fails where a count is more than 1 % above this table.", "",
            "## Instructions a multiply-accumulate, matrix times vector", "",
            "On the Cortex-M0 768 rows are what fits of them into flash. Peers are counted in the same way, gcc (and clang), -O3. CMSIS-NN 99f736a:",
            "arm_fully_connected_s8 and _s4. ggml, llama.cpp c392e50: ggml_vec_dot_q8_0_q8_0 and _q4_0_q8_0 row by row. KleidiAI 495f652: the least of",
            "its kernels for one row of activations, int8 and int4 with one scale a row, where q4 here has one for each 32 columns.", "",
            "| core | row | " + " | ".join("%s %s" % (w, s) for w in WEIGHTS for s in SHAPES) + " |",
            "|---|---|" + "---|" * (len(WEIGHTS) * len(SHAPES))]
    attention = ["", "## Attention over the q8 cache, instructions a position", "",
                 "A head of 8 over 256 positions, and a head of 48 over 64: scores, softmax, sum of values.", "",
                 "| core | row | 256x8 | 64x48 |", "|---|---|---|---|"]
    tokens = ["", "## Instructions a token, 260K, millions", "",
              "dim 64, hidden 172, 5 layers, 8 heads, 4 kv heads, vocab 512, random weights, q8 cache, context 256: position 0, position 255, mean of 256.",
              "llama2.c: run.c in float, gcc -O3. Cortex-M0: its code on the Cortex-M3's board, as its own has no room for the model.", "",
              "| core | " + " | ".join("%s: 0 | 255 | mean" % w for w in WEIGHTS) + " | llama2.c: 0 | 255 | mean |", "|---|" + "---|" * (3 * len(WEIGHTS) + 3)]
    means, best, prefill, softmax, spent = {}, {}, {}, {}, {}
    for target in TARGETS:
        core = target[0]
        products = bench.products(target)
        tiles = {key: n for key, n in products.items() if key[1].endswith("-tile")}
        if tiles:
            prefill[core] = tiles
        if core in PEER_PREFILL:  # beyond tiles it is as the one before
            continue
        softmax[core] = next((key[0], n) for key, n in products.items() if key[1] == "softmax")
        rows = list(dict.fromkeys(key[0] for key in products if key[1] != "softmax"))
        for row in dict.fromkeys([rows[0], rows[-1]]):  # ref and the fastest
            text.append("| %s | %s | %s |" % (core, row, " | ".join("%.3f" % products[row, w, s] for w in WEIGHTS for s in SHAPES)))
            attention.append("| %s | %s | %.1f | %.1f |" % (core, row, products[row, "attend", "256x8"], products[row, "attend", "64x48"]))
        for w in WEIGHTS:
            best[core, w] = products[rows[-1], w, SHAPES[0]]
        if core in PEER_PRODUCTS:
            text.append(peer_row(PEER_PRODUCTS[core]))
        if target[3]:
            both = {w: bench.tokens(target, w) for w in WEIGHTS}
            counts = {w: numbers for w, (numbers, _) in both.items()}
            means[core] = counts["q8"][-1] / 1e6
            spent[core] = both["q8"][1]
            cells = ["%.3f" % (n / 1e6) for w in WEIGHTS for n in counts[w]] + PEER_TOKENS.get(core, ["-"] * 3)
            tokens.append("| %s | %s |" % (core, " | ".join(cells)))
        if core == "AArch64 A76":
            mean_15M = sum(n for _, n in bench.count(target, "bench_tokens", "15M")[:32]) / 32e6
    return "\n".join(text + prefill_lines(prefill) + attention + softmax_lines(softmax) + tokens + lines_of_15M(mean_15M) + share_lines(spent)
                     + aims(means, mean_15M, best, prefill, softmax)) + "\n"


def cells(text):
    """The measured numbers of a table, each with where it stands."""
    out, heading = {}, ""
    for line in text.splitlines():
        if line.startswith("#"):
            heading = line
        words = [word.strip() for word in line.strip("| ").split("|")]
        for column, word in enumerate(words[1:], 1):
            if heading == SHARES:
                continue
            if line.startswith("| Cortex") or line.startswith("| AArch64") or line.startswith("| Armv"):
                if re.fullmatch(r"[0-9.]+", word):
                    name = words[1] if "token" not in heading else "token"
                    out[heading, words[0], name, column] = float(word)
    return out


def check(now, before):
    worse = []
    for key, number in cells(now).items():
        if key in before and number > before[key] * 1.01 + 0.0006:  # half a digit of rounding
            worse.append("%s, %s %s, column %d: %g is more than 1 %% above %g" % (*key, number, before[key]))
    missing = [key for key in cells(now) if key not in before]
    return worse + ["not in the table: %s, %s %s, column %d" % key for key in missing]


def main():
    mode, mote, path, builds = sys.argv[1:]
    now = table(Bench(mote, builds))
    if mode == "write":
        with open(path, "w", encoding="utf-8") as file:
            file.write(now)
        return 0
    with open(path, encoding="utf-8") as file:
        worse = check(now, cells(file.read()))
    print("\n".join(worse) if worse else "%d figures, none more than 1 %% above the table" % len(cells(now)))
    return 1 if worse else 0


sys.exit(main())
