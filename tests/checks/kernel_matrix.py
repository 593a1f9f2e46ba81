#!/usr/bin/env python3
"""kernel_matrix: the table of operations and instruction sets in core/kernels/README.md, read from the tables that the program runs.

    kernel_matrix.py ROOT           fails if the README has another table
    kernel_matrix.py ROOT --write   writes it there
"""

import pathlib
import re
import sys

ORDER = ["ref", "thumb", "dsp", "mve", "neon", "dotprod", "i8mm", "avx2", "avx512", "amx"]
BEGIN, END = "<!-- matrix: written by tests/checks/kernel_matrix.py -->\n", "<!-- end of matrix -->\n"


def operations(root):
    contract = (root / "kernels.h").read_text()
    return re.findall(r"\(\*(\w+)\)\(", contract[contract.index("struct Kernels {"):contract.index("constexpr Kernels built")])


def functions(root, row):
    """The first table of a row's file: of two for one set, that of the larger machine."""
    text = (root / row / "table.cpp").read_text()
    told = [f.strip() for f in re.search(r'\{\s*"\w+",(.*?)\}', text, re.S)[1].split(",") if f.strip()]
    # A name without a row stands for a choice by the build's options: the row's own function is what it is there for.
    return [f if "_" + f not in text else f"{row}_{f}" for f in told]


def matrix(root):
    names = operations(root)
    taken = {row: functions(root, row) for row in ORDER}
    for row, told in taken.items():
        if len(told) != len(names):
            sys.exit(f"kernel_matrix.py: {row}/table.cpp names {len(told)} functions, the contract {len(names)}")
    lines = ["| operation | " + " | ".join(ORDER) + " |\n", "|---|" + "---|" * len(ORDER) + "\n"]
    for i, name in enumerate(names):
        cells = ["" if taken[row][i] == "nullptr" else taken[row][i].split("_" + name)[0] for row in ORDER]
        lines.append(f"| {name} | " + " | ".join(f"**{c}**" if c == row else c for c, row in zip(cells, ORDER)) + " |\n")
    return "".join(lines)


def main():
    root = pathlib.Path(sys.argv[1]) / "core" / "kernels"
    readme = root / "README.md"
    text = readme.read_text()
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    new = text[:begin] + matrix(root) + text[end:]
    if "--write" in sys.argv:
        readme.write_text(new)
    elif new != text:
        sys.exit("kernel_matrix.py: core/kernels/README.md has another table: run `tests/checks/kernel_matrix.py . --write`")


if __name__ == "__main__":
    main()
