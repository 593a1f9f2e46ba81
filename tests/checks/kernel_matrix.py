#!/usr/bin/env python3
"""kernel_matrix: the table of operations and instruction sets in core/kernels/README.md, read from the tables that the program runs.

    kernel_matrix.py ROOT           fails if the README has another table
    kernel_matrix.py ROOT --write   writes it there
    kernel_matrix.py --self-test    shows that planted violations are found
"""

import pathlib
import re
import sys
import tempfile

ORDER = ["ref", "thumb", "dsp", "mve", "neon", "dotprod", "i8mm", "avx2", "avxvnni", "avx512", "amx"]
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


def matrix(root, rows):
    names = operations(root)
    taken = {row: functions(root, row) for row in rows}
    for row, told in taken.items():
        if len(told) != len(names):
            sys.exit(f"kernel_matrix.py: {row}/table.cpp names {len(told)} functions, the contract {len(names)}")
    lines = ["| operation | " + " | ".join(rows) + " |\n", "|---|" + "---|" * len(rows) + "\n"]
    for i, name in enumerate(names):
        cells = ["" if taken[row][i] == "nullptr" else taken[row][i].split("_" + name)[0] for row in rows]
        lines.append(f"| {name} | " + " | ".join(f"**{c}**" if c == row else c for c, row in zip(cells, rows)) + " |\n")
    return "".join(lines)


def violation(root, rows):
    """What the README lacks; None where it has the table. Every folder of tables is to be in it."""
    if unknown := {p.parent.name for p in root.glob("*/table.cpp")} - set(rows):
        return f"no column for {', '.join(sorted(unknown))}: name it in ORDER"
    text = (root / "README.md").read_text()
    if with_matrix(text, matrix(root, rows)) != text:
        return "core/kernels/README.md has another table: run `tests/checks/kernel_matrix.py . --write`"
    return None


def with_matrix(text, table):
    return text[:text.index(BEGIN) + len(BEGIN)] + table + text[text.index(END):]


def self_test():
    contract = "struct Kernels {\n    void (*add)(float*);\n    void (*rope)(float*);\n};\nconstexpr Kernels built"
    sound = {"kernels.h": contract, "ref/table.cpp": '{"ref", ref_add, ref_rope,}', "fast/table.cpp": '{"fast", fast_add, ref_rope,}',
             "README.md": BEGIN + "| operation | ref | fast |\n|---|---|---|\n| add | **ref** | **fast** |\n| rope | **ref** | ref |\n" + END}
    planted = {
        "a function that the table does not name": {"fast/table.cpp": '{"fast", fast_add, fast_rope,}'},
        "a cell that no function stands behind": {"README.md": sound["README.md"].replace("| ref |\n" + END, "| **fast** |\n" + END)},
        "an operation without a line": {"kernels.h": contract.replace("};", "    void (*norm)(float*);\n};"),
                                        "ref/table.cpp": '{"ref", ref_add, ref_rope, ref_norm,}', "fast/table.cpp": '{"fast", fast_add, ref_rope, nullptr,}'},
        "a row without a column": {"new/table.cpp": '{"new", ref_add, ref_rope,}'},
    }

    def found_in(files):
        with tempfile.TemporaryDirectory() as folder:
            for path, text in files.items():
                file = pathlib.Path(folder) / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            return violation(pathlib.Path(folder), ["ref", "fast"])

    if found := found_in(sound):
        sys.exit(f"self-test: what is sound is refused: {found}")
    for what, files in planted.items():
        if not found_in({**sound, **files}):
            sys.exit(f"self-test: not found: {what}")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    root = pathlib.Path(sys.argv[1]) / "core" / "kernels"
    if "--write" in sys.argv:
        readme = root / "README.md"
        readme.write_text(with_matrix(readme.read_text(), matrix(root, ORDER)))
    elif found := violation(root, ORDER):
        sys.exit(f"kernel_matrix.py: {found}")


if __name__ == "__main__":
    main()
