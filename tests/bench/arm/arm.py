"""arm: instructions on Arm cores, counted in the emulator. Counts are exact and repeat to the last digit.

  arm.py write MOTE TABLE BUILDS   measures and writes the table
  arm.py check MOTE TABLE BUILDS   measures and fails where a count is more than 1 % above the table
"""
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

# What is measured: core, board, the plugin's argument for the instruction set, whether the board holds the 260K model, and under Linux
# the CPU.
TARGETS = [
    ("Cortex-M0", "microbit", "thumb", False, None),
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

# CMSIS-NN 99f736a (July 2026), arm_fully_connected_s8 and _s4, counted with the same plugin, -O3; a pair is gcc 12.2, clang 19.
PEER_PRODUCTS = {
    "Cortex-M0": {"q8": ["6.33", "6.39", "7.62"], "q4": ["7.98", "-", "9.25"]},
    "Cortex-M3": {"q8": ["3.46", "3.49", "3.99"], "q4": ["5.15", "-", "5.72"]},
    "Cortex-M4": {"q8": ["2.05, 2.29", "2.07, 2.31", "2.68, 2.88"], "q4": ["5.04, 4.16", "-", "5.67, 4.76"]},
    "Cortex-M7": {"q8": ["2.05", "2.07", "2.68"], "q4": ["5.04", "-", "5.67"]},
    "Cortex-M33": {"q8": ["2.05", "2.07", "2.68"], "q4": ["5.04", "-", "5.66"]},
    "Cortex-M55": {"q8": ["0.513, 0.196", "0.520, 0.202", "0.703, 0.364"], "q4": ["0.456, 0.380", "-", "0.831, 0.703"]},
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

# What is to be reached, in the units of the tables, and why it is not where it is not: what bounds it, and what was tried.
AIMS_TOKENS = {
    "Cortex-M3": (1.2, [
        "Products take 0.53 M, attention 0.45 M: a head and position 21 for the dot, 21 for the score, 23 for the weight, 24 for the values.",
        "Row scales take 43 a row, SiLU 110 and quantization 30 an element, the float library in norms, rope, gates and sums 0.25 M.",
        "Tried: weights two positions a turn in C, 28 instead of 23; the products of norms and rope on mantissas as row scales have them, 0.2 % of",
        "a token for 40 lines."]),
    "Cortex-M4": (0.6, [
        "Products take 0.31 M, which is 2 % below the floor of one load and two each of SXTB16 and SMLAD for four weights: half of the aim is",
        "left for all else. Attention takes 0.30 M: a head and position 8 for the dot, 16 for the score, 21 for the weight, 11 for the values.",
        "Tried: two queries at once where they share keys, 0.39 to 0.30 with weights in assembly; weights two at a time in C, 28 a weight. SiLU",
        "takes 38 and quantization 15 an element, row scales 6 a row: 0.09 M."]),
    "Cortex-M7": (0.6, ["As Cortex-M4."]),
    "Cortex-M33": (0.6, ["As Cortex-M4."]),
    "Cortex-M55": (0.16, [
        "Products take 0.055 M with their scaling, attention 0.11 M: for four positions of a head of 8, 18 for scores, 27 for weights, 22 for",
        "values, 10 for dots. Tried: gcc's intrinsics, 58 for scores and weights; a mask for two keys a register, 24 to 10 for dots."]),
    "Armv7-A": (0.25, [
        "Products take 0.16 M, attention 0.12 M. 16 registers hold two blocks of four rows, so that activations are loaded and spread for eight",
        "rows; division, and what may meet a denormal, is scalar."]),
    "AArch64 A53": (0.20, [
        "Products take 0.087 M, attention 0.10 M, of which 145 instructions for eight positions of a head of 8. Tried: leaving rare scales to",
        "ref, which took off 12 of them."]),
    "AArch64 A76": (0.12, [
        "Attention takes 0.093 M, products 0.041 M. Not tried: scores of 16 bits in lanes of eight, which would change what a score is on every",
        "target. Tried: leaving rare scales to ref, 7 % of attention."]),
}
AIMS_PRODUCTS = {
    ("Cortex-M0", "q8"): (4.5, []),
    ("Cortex-M3", "q8"): (2.4, []),
    ("Cortex-M3", "q4"): (3.2, []),
    ("Cortex-M4", "q8"): (1.35, []),
    ("Cortex-M4", "q4"): (1.30, []),
    ("Cortex-M55", "q8"): (0.16, []),
    ("Cortex-M55", "q4"): (0.22, ["32 instructions for a group of four rows, 128 weights: 5 load, 8 unpack, 8 multiply, 2 more load activations, 9 scale the sums:",
                             "0.25. Tried: rows scaled in vectors where no denormal can arise, 0.264 to 0.257."]),
    ("AArch64 A53", "q8"): (0.29, []),
    ("AArch64 A53", "q4"): (0.33, []),
    ("AArch64 A76", "q8"): (0.13, []),
    ("AArch64 A76", "q4"): (0.16, [
        "A group of four rows is 128 weights: 8 SDOT, 8 to unpack, 1 load, 1 to start from the offset, 4 for the scales are 0.172. Tried: the",
        "scales of two groups at once, 0.200; with four blocks of rows instead of eight, 0.208."]),
}
AIMS_PREFILL = {
    ("AArch64 i8mm", "q8"): (0.055, []),
    ("AArch64 i8mm", "q4"): (0.060, [
        "A group of four rows and sixteen tokens is 2048 products: 64 SMMLA, 8 loads of tokens, 16 to begin at the offsets, 16 for the scales of",
        "groups, 13 to load and unpack, 14 more: 0.064; scaling rows is the rest. Tried: eight tokens, 0.09 by count; sums of all groups that are",
        "multiplied by differences of scales, which saves the beginnings, but needs 32 registers for sums alone."]),
}
AIM_SOFTMAX = {core: (25, []) for core in PEER_SOFTMAX}
AIM_SOFTMAX["Cortex-M55"] = (8, [])
AIM_SOFTMAX["Cortex-M0"] = (25, [
    "Four multiplications, each with a shift for its upper half, and instructions of two registers that destroy one: 38 by count; the",
    "compiler takes 46. Not tried: assembly."])


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

    def count(self, target, program, model):
        """What the program prints, line by line, each with its count."""
        _, board, isa, _, cpu = target
        if model != "weights":  # where there are files, the program opens "model"
            shutil.copyfile(os.path.join(self.folder, model), os.path.join(self.folder, "model"))
        elf = firmware.build(board, program, self.builds)
        counts = os.path.join(self.folder, "%s.%s.%s" % (board, program, model))
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


def aims(means, products, prefill, softmax):
    """The aims beside the measured; what is reached needs no words."""
    lines = ["", "## What was to be reached", "", "| what | aim | here | what bounds it, and what was tried |", "|---|---|---|---|"]
    rows = [("token, %s, q8, mean" % core, aim, means[core], why) for core, (aim, why) in AIMS_TOKENS.items()]
    rows += [("%s, %s 768x288" % (core, weights), aim, products[core, weights], why) for (core, weights), (aim, why) in AIMS_PRODUCTS.items()]
    rows += [("prefill, %s, %s 768x288" % (core, w), aim, prefill[core][list(prefill[core])[-1][0], w + "-tile", SHAPES[0]], why)
             for (core, w), (aim, why) in AIMS_PREFILL.items()]
    rows += [("softmax, %s" % core, aim, softmax[core][1], why) for core, (aim, why) in AIM_SOFTMAX.items()]
    for what, aim, here, why in rows:
        lines.append("| %s | %.3g | %.3g | %s |" % (what, aim, here, "reached" if here <= aim * 1.005 else " ".join(why)))
    return lines


def table(bench):
    text = ["# Instructions on Arm cores", "",
            "Written by `arm/arm.py` from counts in the emulator (QEMU, `arm/count.c`), which are exact: the same sources and compiler give the same",
            "digits. gcc 12.2, each board's own flags. Instructions are not cycles; they are what can be counted everywhere. A test",
            "fails where a count is more than 1 % above this table.", "",
            "## Instructions a multiply-accumulate, matrix times vector", "",
            "On the Cortex-M0 768 rows are what fits of them into flash. CMSIS-NN 99f736a: arm_fully_connected_s8 and _s4, gcc (and clang), -O3,",
            "counted in the same way.", "",
            "| core | row | " + " | ".join("%s %s" % (w, s) for w in WEIGHTS for s in SHAPES) + " |",
            "|---|---|" + "---|" * (len(WEIGHTS) * len(SHAPES))]
    attention = ["", "## Attention over the q8 cache, instructions a position", "",
                 "A head of 8 over 256 positions, and a head of 48 over 64: scores, softmax, sum of values.", "",
                 "| core | row | 256x8 | 64x48 |", "|---|---|---|---|"]
    tokens = ["", "## Instructions a token, 260K, millions", "",
              "dim 64, hidden 172, 5 layers, 8 heads, 4 kv heads, vocab 512, random weights, q8 cache, context 256: position 0, position 255, mean of 256.",
              "llama2.c: run.c in float, gcc -O3.", "",
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
            text.append("| | *CMSIS-NN* | %s |" % " | ".join("*%s*" % v for w in WEIGHTS for v in PEER_PRODUCTS[core][w]))
        if target[3]:
            both = {w: bench.tokens(target, w) for w in WEIGHTS}
            counts = {w: numbers for w, (numbers, _) in both.items()}
            means[core] = counts["q8"][-1] / 1e6
            spent[core] = both["q8"][1]
            cells = ["%.3f" % (n / 1e6) for w in WEIGHTS for n in counts[w]] + PEER_TOKENS.get(core, ["-"] * 3)
            tokens.append("| %s | %s |" % (core, " | ".join(cells)))
    return "\n".join(text + prefill_lines(prefill) + attention + softmax_lines(softmax) + tokens + share_lines(spent) + aims(means, best, prefill, softmax)) + "\n"


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
