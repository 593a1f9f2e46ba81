"""firmware: builds a test program for a board and runs it in the board's emulator. For tests/kernels_board and tests/bench/arm."""
import fcntl
import json
import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def facts(board):
    with open(os.path.join(ROOT, "targets", board, "board.json"), encoding="utf-8") as file:
        return json.load(file)


def quiet(command):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode:
        raise SystemExit("%s\nfailed: %s" % (result.stdout, " ".join(command)))


def build(board, program, builds, core=None, compiler=None):
    """Builds a program in builds/<board>, one process at a time, and returns its path; if told so, for a lesser core than the board has,
    or with the compiler `clang`."""
    folder = os.path.join(builds, ".".join(filter(None, (board, core, compiler))))
    toolchain = ["-DCMAKE_TOOLCHAIN_FILE=targets/cmake/arm-none-eabi-%s.cmake" % compiler] if compiler else []
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(os.path.join(folder, "build.ninja")):
            quiet(["cmake", "-G", "Ninja", "-S", ROOT, "-B", folder, "-DMOTE_BOARD=" + board, "-DCMAKE_BUILD_TYPE=Release",
                   "-DMOTE_CORE=" + (core or "")] + toolchain)
        quiet(["cmake", "--build", folder, "--target", program])
    return os.path.join(folder, "test_programs", program)


def command(board, elf, plugin=None, model=None, cpu=None):
    """The emulator's command line; `plugin` is the argument of -plugin, `model` a file for the board's model memory."""
    told = facts(board)
    emulator = told["emulator"]
    words = [emulator["program"]] + emulator.get("options", []) + (["-cpu", cpu] if cpu else [])
    if plugin:
        words += ["-plugin", plugin]
    if emulator["kind"] == "qemu-user":
        return words + [elf]
    words += ["-display", "none", "-monitor", "none", "-serial", "null", "-chardev", "stdio,id=console"]
    words += ["-semihosting-config", "enable=on,target=native,chardev=console,arg=test", "-kernel", elf]
    if model:
        words += ["-device", "loader,file=%s,addr=%s,force-raw=on" % (model, told["model"]["origin"])]
    return words


def run(board, elf, plugin=None, model=None, folder=None, cpu=None, timeout=600):
    """What the program prints. Where there are files, it runs in `folder` and opens its model there by name."""
    result = subprocess.run(command(board, elf, plugin, model, cpu), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, timeout=timeout, cwd=folder)
    if result.returncode:
        raise SystemExit("%s\n%s ends with code %d on %s" % (result.stdout, os.path.basename(elf), result.returncode, board))
    return result.stdout
