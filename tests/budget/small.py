"""small: a firmware with one weight format and one family. It is small, gives the bits of the whole one, and refuses what it lacks by name."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import firmware

# Bytes of code of engine, tokenizer and sampler that a firmware with q8 weights, a q8 cache and Llama's family may have.
MOST = {"mps2-an386": 24 * 1024, "microbit": 32 * 1024}

HAS = "this firmware has: weights q8, cache q8, families llama, tokenizers plain"  # what a refusal says
MODEL = "llama:dim=32,layers=2,heads=4,kv_heads=2,hidden=64,vocab=259,context=48"
LEFT_OUT = [["--random", MODEL, "--weights", "q4"], ["--random", MODEL, "--weights", "f16"], ["--random", MODEL + ",scale=group"],
            ["--random", MODEL.replace("llama", "gpt2").replace(",kv_heads=2", "")]]


def build(board, builds):
    return pathlib.Path(firmware.build(board, "say_small", str(builds))).resolve()


def run(mote, program, board, *arguments):
    """What `mote run` says with this program as the board's firmware, or here with none."""
    with tempfile.TemporaryDirectory() as folder:
        where = []
        if program:
            (pathlib.Path(folder) / board).mkdir()
            (pathlib.Path(folder) / board / "say").symlink_to(program)
            where = ["--board", board]
        done = subprocess.run([mote, "run", *where, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
                              env=dict(os.environ, MOTE_FIRMWARE=folder))
    return done.returncode, done.stdout, done.stderr


def wrong_runs(mote, program, board):
    """Sentences about what does not go as it should."""
    with tempfile.TemporaryDirectory() as folder:
        model = os.path.join(folder, "m.mote")
        arguments = ["-m", model, "--prompt-ids", "1,5,9", "-n", "12", "--temp", "0", "--ids", "--ignore-eos", "--digest"]

        def pack(*words):
            subprocess.run([mote, "pack", *words, "-o", model, "--force"], check=True, capture_output=True)

        pack("--random", MODEL)
        here, there = run(mote, None, board, *arguments), run(mote, program, board, *arguments)
        if there[0] or not re.search(r"digest [0-9a-f]{16}", there[1]) or here[1] != there[1]:
            yield "%s: the small firmware says %s, this machine %s" % (board, there, here)
        code, _, told = run(mote, program, board, *arguments, "--kv", "f16")
        if code != 3 or "E_LEFT_OUT" not in told:
            yield "%s: a cache of f16 is not refused: %d %s" % (board, code, told)
        for words in LEFT_OUT:
            pack(*words)
            code, _, told = run(mote, program, board, *arguments)
            if code != 3 or "E_LEFT_OUT" not in told or HAS not in told:
                yield "%s: %s is not refused by name: %d %s" % (board, " ".join(words), code, told)
