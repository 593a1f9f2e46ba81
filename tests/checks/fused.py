#!/usr/bin/env python3
"""fused: no fused multiply-add and no reciprocal estimate in core, on any target: they round in another way.

    fused.py FILE.a            disassemble and look; exit code 1 if one is there, 77 if the target's objdump is missing
    fused.py --self-test CXX   show that a planted one is found
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import elf

OBJDUMP = {
    elf.X86: ["objdump", "i686-linux-gnu-objdump"], elf.X86_64: ["objdump"],
    elf.ARM: ["arm-none-eabi-objdump", "arm-linux-gnueabihf-objdump"], elf.AARCH64: ["aarch64-linux-gnu-objdump"],
}

FUSED = re.compile(
    r"^(vfn?m(add|sub)\w*"                         # x86 FMA
    r"|vfn?m[as]s?(\.\w+)*"                        # Arm VFMA, VFMS, VFNMA, VFNMS; Helium VFMAS
    r"|vfm[as]l\w*(\.\w+)*|vcmla(\.\w+)*|vcmul\w*(\.f\w+)*"
    r"|fn?m(add|sub)|fml[as]l?2?|fcmla"            # AArch64
    r"|v?r(sqrt|cp)(14|28)?[ps][sd]|vrecp[es](\.\w+)*|vrsqrt[es](\.\w+)*|frecp[es]|frsqrt[es])$")


def objdump_of(machine):
    return next((tool for tool in OBJDUMP.get(machine, []) if shutil.which(tool)), None)


def mnemonics(tool, path):
    listing = subprocess.run([tool, "-d", "--no-show-raw-insn", str(path)], capture_output=True, text=True, check=True).stdout
    function = ""
    for line in listing.splitlines():
        if line.endswith(">:"):
            function = line.split("<", 1)[1][:-2]
        elif "\t" in line:
            words = line.split("\t", 1)[1].split()
            if words:
                yield function, words[0]


def violations(tool, path):
    total = 0
    for function, mnemonic in mnemonics(tool, path):
        total += 1
        if FUSED.match(mnemonic):
            yield f"{path}: {function}: {mnemonic}"
    if total < 3:
        yield f"{path}: nothing was disassembled"


def self_test(compiler):
    with tempfile.TemporaryDirectory() as folder:
        source, target = pathlib.Path(folder) / "a.cpp", pathlib.Path(folder) / "a.o"
        source.write_text("float f(float a, float b, float c) { return a * b + c; }\n")
        for flags, fused in ((["-mfma", "-ffp-contract=fast"], True), (["-ffp-contract=off", "-mfma"], False)):
            subprocess.run([compiler, "-O2", *flags, "-c", source, "-o", target], check=True)
            found = list(violations(objdump_of(elf.X86_64), target))
            if bool(found) != fused:
                sys.exit(f"self-test: {flags}: {found}")
    for name in ("vfma.f32", "vfms.f32", "vfnma.f32", "fmadd", "fmla", "fcmla", "vcmla.f32", "vfmadd213ss", "vfnmsub231ps", "vfmas.f32", "vrsqrte.f32", "rcpss"):
        if not FUSED.match(name):
            sys.exit(f"self-test: {name} is not found")
    for name in ("vmla.s32", "vmul.f32", "fmul", "fadd", "fmov", "vmulps", "smlal", "fmaxnm", "sqrtss"):
        if FUSED.match(name):
            sys.exit(f"self-test: {name} is not fused")


def main():
    if sys.argv[1] == "--self-test":
        return self_test(sys.argv[2])
    path = sys.argv[1]
    if not pathlib.Path(path).exists():
        print(f"skipped: {path} is not built")
        sys.exit(77)
    machine = next(elf.members(path)).machine
    tool = objdump_of(machine)
    if tool is None:
        print(f"skipped: there is no objdump for machine {machine}: {path}")
        sys.exit(77)
    found = list(violations(tool, path))
    print("\n".join(found[:50]) if found else f"{path}: nothing fused, nothing estimated")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
