#!/usr/bin/env python3
"""catalogue: every row of the catalogue of bad inputs has a test that exists, or a reason why it does not apply.

    catalogue.py ROOT          print what is missing; exit code 1 if anything is
    catalogue.py --self-test   show that a planted gap is found

A table's first column has rows (B01, C02–C04), its last one tests in backticks: `suite.case` of GoogleTest, `Class.method` or
`file.Class.method` of unittest, a test of CTest. `.case` is of the suite before it; `case…` is every name that begins so.
"""

import pathlib
import re
import sys
import tempfile

CATALOGUE = "tests/CATALOGUE.md"
ROWS = {"A": 30, "B": 26, "C": 22, "D": 14, "E": 20, "F": 16, "G": 8, "H": 12, "I": 14, "J": 14, "K": 18, "L": 14, "M": 16}
ROW = re.compile(r"\b([A-M])(\d\d)(?:–([A-M])(\d\d))?\b")
REASON = "does not apply: "


def gtest_names(root):
    for file in (root / "tests").rglob("*.cpp"):
        for suite, case in re.findall(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", file.read_text(), re.M):
            yield f"{suite}.{case}"


def unittest_names(root):
    for file in (root / "tests" / "cli").glob("*_test.py"):
        owner = None
        for kind, name in re.findall(r"^(class|    def) (\w+)", file.read_text(), re.M):
            if kind == "class":
                owner = name
            elif name.startswith("test_"):
                yield from (f"{owner}.{name}", f"{file.stem}.{owner}.{name}")


def ctest_names(root):
    """Names that CMake files give; a name with a variable in it counts up to there."""
    for file in (root / "tests").rglob("CMakeLists.txt"):
        text = file.read_text()
        yield from ("check." + name for name in re.findall(r"^\s*mote_check\((\S+)", text, re.M))
        yield from (name.split("$")[0] for name in re.findall(r"add_test\(NAME (\S+)", text))


def tests_in(cell):
    """Names in a cell, each with its suite; and whether it stands for all that begin so."""
    suite = ""
    for name in re.findall(r"`([^`]+)`", cell):
        if name.startswith("."):
            name = suite + name
        suite = name.rsplit(".", 1)[0]
        yield name.rstrip("…*"), name[-1] in "…*"


def rows_in(cell):
    for letter, first, _, last in ROW.findall(cell):
        yield from (f"{letter}{number:02}" for number in range(int(first), int(last or first) + 1))


def violations(root):
    root = pathlib.Path(root)
    names = {*gtest_names(root), *unittest_names(root), *ctest_names(root)}
    seen = set()
    for number, line in enumerate((root / CATALOGUE).read_text().splitlines(), 1):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        rows = list(rows_in(cells[0])) if line.startswith("| ") else []
        if not rows:
            continue
        seen.update(rows)
        tests = list(tests_in(cells[-1]))
        if not tests and not cells[-1].startswith(REASON):
            yield f"{CATALOGUE}:{number}: {cells[0]} has neither a test nor \"{REASON}\" and a reason"
        for name, begins in tests:
            if name not in names and not (begins and any(known.startswith(name) for known in names)):
                yield f"{CATALOGUE}:{number}: there is no test {name}"
    for letter, count in ROWS.items():
        for row in (f"{letter}{number:02}" for number in range(1, count + 1)):
            if row not in seen:
                yield f"{CATALOGUE}: row {row} is missing"


def self_test():
    sound = ["| " + ", ".join(f"{letter}{n:02}" for n in range(1, count + 1)) + " | what | `suite.case`, `.other`, `Class.test_a…` |"
             for letter, count in ROWS.items()]
    planted = {
        "| A01 | a test that is not there | `suite.absent` |": "suite.absent",
        "| A01 | no test named so begins | `suite.absent…` |": "suite.absent",
        "| A02 | nothing | |": "A02",
        "| A03 | a word that is no reason | later |": "A03",
    }
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "tests" / "cli").mkdir(parents=True)
        (root / "tests" / "a.cpp").write_text("TEST(suite, case) {}\nTEST_P(suite, other) {}\n")
        (root / "tests" / "cli" / "a_test.py").write_text("class Class(Case):\n    def test_all(self):\n        pass\n")
        for lines, expected in [(sound, None), (sound[1:], "A30"), *((sound + [line], part) for line, part in planted.items())]:
            (root / CATALOGUE).write_text("\n".join(lines) + "\n")
            found = list(violations(root))
            if bool(found) != bool(expected) or (expected and not any(expected in line for line in found)):
                sys.exit(f"self-test: expected {expected}, found {found}")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    found = list(violations(sys.argv[1]))
    print("\n".join(found) if found else "every row of the catalogue has its test")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
