#!/usr/bin/env python3
"""text: rules for every text file under version control: no paths of one machine, no notes to self, clean line ends.

    text.py ROOT          print what breaks a rule; exit code 1 if anything does
    text.py --self-test   show that a planted violation is found
"""

import pathlib
import re
import subprocess
import sys
import tempfile

# Put together from parts, so that this file does not break its own rules.
RULES = [
    (re.compile(r"(?<![\w.])/(" + "|".join(["ho" + "me", "ro" + "ot", "wo" + "rk", "Us" + "ers", "m" + "nt"]) + r")/\w"), "path of one machine"),
    (re.compile(r"\b[A-Z]:\\\\?Users\b"), "path of one machine"),
    (re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b"), "note to self"),
    (re.compile(r"\r$"), "carriage return"),
    (re.compile(r"[ \t]$"), "white space at the end of a line"),
    (re.compile(r"^(<{7}|={7}|>{7})( |$)"), "conflict marker"),
]
# Data that is what it is: golden numbers, vocabularies, and licences.
EXEMPT = re.compile(r"^(tests/golden/(models/|.*\.json$)|LICENSE$)")


def is_text(data):
    return b"\0" not in data[:8192]


def files(root):
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, check=True).stdout.decode()
    return [f for f in listed.split("\0") if f and not EXEMPT.match(f)]


def violations(root):
    for path in files(root):
        file = pathlib.Path(root) / path
        if not file.is_file():
            continue
        data = file.read_bytes()
        if not is_text(data):
            continue
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as e:
            yield f"{path}: byte {e.start} is not UTF-8"
            continue
        if text and not text.endswith("\n"):
            yield f"{path}: the last line has no end"
        for number, line in enumerate(text.split("\n"), 1):
            for pattern, what in RULES:
                if pattern.search(line):
                    yield f"{path}:{number}: {what}: {line.strip()[:100]}"


def self_test():
    planted = {
        "a.txt": "see /" + "home/somebody/file\n", "b.txt": "x = 1  # TO" + "DO later\n", "c.txt": "line\r\n", "d.txt": "blank \n",
        "e.txt": "no end", "f.txt": "<" * 7 + " mine\n", "g.txt": "C:\\" + "Users\\me\n",
    }
    sound = {"h.txt": "a workshop/path and https://example.org/home/page\n", "i.txt": "", "j.bin": "\0 \n"}
    with tempfile.TemporaryDirectory() as folder:
        for path, text in {**planted, **sound}.items():
            (pathlib.Path(folder) / path).write_bytes(text.encode())
        subprocess.run(["git", "init", "-q", folder], check=True)
        subprocess.run(["git", "-C", folder, "add", "-A"], check=True)
        found = {v.split(":")[0] for v in violations(folder)}
    if found != set(planted):
        sys.exit(f"self-test: expected {sorted(planted)}, found {sorted(found)}")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    found = list(violations(sys.argv[1]))
    print("\n".join(found) if found else "every text file is clean")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
