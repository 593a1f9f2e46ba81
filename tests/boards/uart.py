"""uart: firmware whose console is the board's UART: asks for arguments, answers, and asks again after its reset."""
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import firmware  # noqa: E402

SKIPPED = 77
QUESTION = b"\n[mote] arguments?\n"


def build(board, folder):
    if not os.path.exists(os.path.join(folder, "build.ninja")):
        firmware.quiet(["cmake", "-G", "Ninja", "-S", ROOT, "-B", folder, "-DMOTE_BOARD=" + board, "-DMOTE_CONSOLE=uart"])
    firmware.quiet(["cmake", "--build", folder, "--target", "say"])
    return os.path.join(folder, "targets", "say")


def read_to(stream, end):
    text = b""
    while not text.endswith(end):
        byte = stream.read(1)
        if not byte:
            raise SystemExit("the console ends with %r, not with %r" % (text[-200:], end))
        text += byte
    return text[:-len(end)].decode()


def talk(board, say, model, lines):
    """What the board answers to each line."""
    told = firmware.facts(board)
    command = [told["emulator"]["program"]] + told["emulator"]["options"]
    command += ["-display", "none", "-monitor", "none", "-serial", "stdio", "-kernel", say]
    command += ["-device", "loader,file=%s,addr=%s,force-raw=on" % (model, told["model"]["origin"])]
    answers = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as emulator:
        try:
            read_to(emulator.stdout, QUESTION)
            for line in lines:
                emulator.stdin.write(line.encode() + b"\n")
                answers.append(read_to(emulator.stdout, QUESTION))
        finally:
            emulator.kill()
    return answers


def main(board, mote, builds):
    if not shutil.which("arm-none-eabi-g++") or not shutil.which("qemu-system-arm"):
        print("not installed: arm-none-eabi-g++ or qemu-system-arm")
        return SKIPPED
    say = build(board, os.path.join(builds, board + "-uart"))
    with tempfile.TemporaryDirectory() as folder:
        model = os.path.join(folder, "model.mote")
        firmware.quiet([mote, "pack", os.path.join(ROOT, "tests", "golden", "models", "tiny_llama"), "-o", model])
        arguments = "--prompt-ids 1,5,9 -n 8 -c 16 --temp 0 --ids --digest --ignore-eos"
        here = subprocess.run([mote, "run", "-m", model] + arguments.split(), stdout=subprocess.PIPE, text=True, check=True).stdout
        good, bad, again = talk(board, say, model, [arguments, "-n many", arguments])
    assert good.startswith(here + "\n[mote] "), (good, here)
    assert good.endswith("\n[mote] exit 000\n"), good
    assert bad == "[mote] error E_USAGE: -n has a value that it cannot have\n\n[mote] exit 002\n", bad
    assert again.startswith(here + "\n[mote] "), (again, here)
    return 0


sys.exit(main(*sys.argv[1:]))
