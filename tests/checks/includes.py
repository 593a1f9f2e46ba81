#!/usr/bin/env python3
"""includes: who may include whom. Reads every source file of the library, the ports, the boards and the host program.

    includes.py ROOT          print what breaks a rule; exit code 1 if anything does
    includes.py --self-test   show that a planted violation is found
"""

import pathlib
import re
import sys
import tempfile

FREESTANDING = {"stdint.h", "stddef.h"}
INTRINSICS = {"immintrin.h", "arm_neon.h", "arm_mve.h", "arm_acle.h"}
ANY = None  # any system header

# Folder: (system headers, prefixes of project files). The longest folder that fits a file rules it.
RULES = {
    "core/include": (FREESTANDING, ["core/include/"]),
    "core/src": (FREESTANDING, ["core/include/", "core/src/", "core/kernels/kernels.h", "core/kernels/arithmetic.h", "core/kernels/parts.h"]),
    # Kernels see formats and matrices, never a plan, a session, a tokenizer or a sampler.
    "core/kernels": (FREESTANDING | INTRINSICS,
                     ["core/include/mote/format.h", "core/include/mote/model.h", "core/include/mote/result.h", "core/kernels/"]),
    "core/kernels/ref": (FREESTANDING,
                         ["core/kernels/kernels.h", "core/kernels/arithmetic.h", "core/kernels/softmax.h", "core/kernels/ref/"]),
    # A port never sees a model.
    "port": (ANY, ["port/"]),
    # Programs for boards see the public headers; the self-test also the arithmetic that it tests.
    "targets": (FREESTANDING, ["core/include/", "core/kernels/arithmetic.h", "port/include/", "targets/"]),
    "tools": (ANY, ["core/", "tools/"]),
}

# Where a quoted include is looked for after the folder of the file itself.
INCLUDE_FOLDERS = ["core/include", "core", "port/include", "port", "tools", ""]
GENERATED = {"board.h": "port/", "board/table.inc": "tools/", "table.inc": "tools/"}  # by CMake; belongs to that folder

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
SOURCES = {".h", ".c", ".cpp", ".S", ".in", ".inc"}


def rule_of(path):
    folders = [f for f in RULES if path.startswith(f + "/")]
    return RULES[max(folders, key=len)] if folders else None


def resolve(root, path, name):
    """The file that a quoted include means, from the root; None if there is none."""
    for folder in [str(pathlib.PurePosixPath(path).parent)] + INCLUDE_FOLDERS:
        candidate = (root / folder / name).resolve()
        if candidate.is_file():
            return candidate.relative_to(root.resolve()).as_posix()
    return GENERATED.get(name)


def violations(root):
    root = pathlib.Path(root)
    for file in sorted(p for f in RULES for p in (root / f).rglob("*") if p.is_file() and p.suffix in SOURCES):
        path = file.relative_to(root).as_posix()
        system, prefixes = rule_of(path)
        for kind, name in INCLUDE.findall(file.read_text(errors="replace")):
            if kind == "<":
                if system is not ANY and name not in system:
                    yield f"{path}: <{name}> is not one of {', '.join(sorted(system))}"
                continue
            target = resolve(root, path, name)
            if target is None:
                if system is not ANY:
                    yield f"{path}: \"{name}\" is no file of the project"
            elif not any(target.startswith(p) for p in prefixes):
                yield f"{path}: includes {target}; allowed is {', '.join(prefixes)}"


def self_test():
    planted = {
        "core/src/a.cpp": "#include <string.h>\n",
        "core/src/b.cpp": '#include "tools/x.h"\n',
        "core/kernels/ref/c.cpp": '#include "mote/session.h"\n',
        "core/kernels/ref/d.cpp": "#include <immintrin.h>\n",
        "core/kernels/avx2/e.cpp": '#include "mote/plan.h"\n',
        "port/f.cpp": '#include "mote/model.h"\n',
        "targets/apps/g.cpp": "#  include <stdio.h>\n",
        "tools/h.cpp": '#include "../port/include/port.h"\n',
        "core/include/mote/i.h": '#include "../../src/state.h"\n',
    }
    sound = {
        "core/include/mote/session.h": "#include <stdint.h>\n", "core/include/mote/plan.h": "", "core/include/mote/model.h": "",
        "port/include/port.h": "", "core/src/state.h": '#include "mote/session.h"\n', "tools/x.h": '#include <vector>\n#include "mote/model.h"\n',
        "core/kernels/avx2/j.cpp": '#include <immintrin.h>\n#include "mote/model.h"\n',
    }
    with tempfile.TemporaryDirectory() as folder:
        for path, text in {**planted, **sound}.items():
            file = pathlib.Path(folder) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        found = {v.split(":")[0] for v in violations(folder)}
    if found != set(planted):
        sys.exit(f"self-test: expected {sorted(planted)}, found {sorted(found)}")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    found = sorted(set(violations(sys.argv[1])))
    print("\n".join(found) if found else "every include is allowed")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
