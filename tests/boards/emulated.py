"""emulated: builds a board's firmware, runs it in the board's emulator, and compares what it prints with what is printed here."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import firmware  # noqa: E402

SKIPPED = 77
CHECKPOINTS = os.path.join(ROOT, "tests", "golden", "models")
GREEDY = ["--prompt-ids", "1,5,9", "-n", "8", "-c", "16", "--temp", "0", "--ids", "--digest", "--ignore-eos"]
WITHOUT_LOGITS = [a for a in GREEDY if a != "--digest"]  # then a greedy session has no room for them
DRAWN = ["--prompt-ids", "2", "-n", "12", "-c", "16", "--temp", "0.9", "--top-k", "0", "-s", "7", "--ids", "--digest",
         "--ignore-eos"]

# The row of kernels that a program for this board has. Elsewhere the CPU decides.
ROWS = {"microbit": "thumb", "mps2-an385": "thumb", "mps2-an386": "dsp", "mps2-an500": "dsp", "mps2-an505": "dsp",
        "netduinoplus2": "dsp", "mps3-an547": "mve", "virt-aarch64": "neon", "linux-armv7": "neon", "linux-i686": "ref"}


def output(command):
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            timeout=600)
    if result.returncode:
        raise SystemExit("%s%sfailed with %d: %s" % (result.stdout, result.stderr, result.returncode, " ".join(command)))
    return result.stdout


def tools_of(facts):
    prefix = {"aarch64-none": "aarch64-linux-gnu"}.get(facts["toolchain"], facts["toolchain"])
    return [prefix + "-g++"] + ([facts["emulator"]["program"]] if "program" in facts["emulator"] else [])


def selftest(board, program, model):
    emulator = firmware.facts(board)["emulator"]
    if emulator["kind"] == "qemu-system":
        return firmware.run(board, program, model=model)
    return output(([emulator["program"]] if emulator["kind"] == "qemu-user" else []) + [program, "-m", model])


def same_as_here(mote, board, say, model, arguments):
    run = [mote, "run", "-m", model] + arguments
    here, there = output(run), output(run + ["--board", board, "--firmware", say])
    if here != there:
        raise SystemExit("%s %s\nhere:  %r\nboard: %r" % (os.path.basename(model), " ".join(arguments), here, there))


def main(board, mote, builds):
    missing = [tool for tool in tools_of(firmware.facts(board)) if not shutil.which(tool)]
    if missing:
        print("not installed: " + ", ".join(missing))
        return SKIPPED
    for program in ("say", "selftest"):
        firmware.build(board, program, builds)
    programs = os.path.join(builds, board, "targets")
    with tempfile.TemporaryDirectory() as folder:
        for checkpoint in ("tiny_llama", "tiny_gpt2", "tiny_qwen3"):
            for weights in ("q8", "q4", "f32"):
                model = os.path.join(folder, checkpoint + "_" + weights + ".mote")
                output([mote, "pack", os.path.join(CHECKPOINTS, checkpoint), "--weights", weights, "-o", model])
                for arguments in (GREEDY, WITHOUT_LOGITS, DRAWN, GREEDY + ["--kv", "f16"], GREEDY + ["--kv", "f32", "--tile", "2"]):
                    same_as_here(mote, board, os.path.join(programs, "say"), model, arguments)
        told = selftest(board, os.path.join(programs, "selftest"), model)
        if not re.search("^kernels %s: [a-z]" % ROWS.get(board, "[a-z0-9]+"), told, re.M):
            raise SystemExit("selftest tells of other kernels: " + told)
        last = told.splitlines()[-1]
        if not last.startswith("mote selftest: passed ("):
            raise SystemExit("selftest ends with: " + last)
    return 0


sys.exit(main(*sys.argv[1:]))
