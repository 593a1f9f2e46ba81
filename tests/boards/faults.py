"""faults: a board's fault handler names the fault, and where the core could still say it, the instruction.  faults.py BOARD BUILDS"""
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import firmware  # noqa: E402

SKIPPED = 77
EXIT_FAULT = 70
SMALL_CORES = {"cortex-m0": {"unaligned": "HardFault", "undefined": "HardFault", "stack": "HardFault"}}
LIMITED_CORES = {"cortex-m33", "cortex-m55"}  # with a stack limit: the core reports it, and where
CORES = {"unaligned": "UsageFault", "undefined": "UsageFault", "divide": "UsageFault", "stack": "MemManage"}
WORDS = {"unaligned": "a", "undefined": "u", "divide": "d", "stack": "s"}


def expected(cpu):
    if cpu in LIMITED_CORES:
        return dict(CORES, stack="UsageFault")
    return SMALL_CORES.get(cpu, CORES)


def addresses(elf):
    listing = subprocess.run(["arm-none-eabi-nm", elf], stdout=subprocess.PIPE, text=True, check=True).stdout
    return {line.split()[2]: int(line.split()[0], 16) for line in listing.splitlines() if line.endswith("_here")}


def main(board, builds):
    told = firmware.facts(board)
    if not shutil.which("arm-none-eabi-g++") or not shutil.which(told["emulator"]["program"]):
        print("not installed: arm-none-eabi-g++ or " + told["emulator"]["program"])
        return SKIPPED
    elf = firmware.build(board, "faults", builds)
    places = addresses(elf)
    for what, name in expected(told["cpu"]).items():
        command = [word.replace("arg=test", "arg=test,arg=" + WORDS[what]) for word in firmware.command(board, elf)]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=60)
        print(what, result.returncode, result.stdout.strip())
        assert result.returncode == EXIT_FAULT, what
        assert result.stdout.startswith("\n[mote] fault: " + name), what
        if what != "stack":
            assert int(re.search("pc 0x([0-9a-f]{8})", result.stdout).group(1), 16) == places[what + "_here"], what
    return 0


sys.exit(main(*sys.argv[1:]))
