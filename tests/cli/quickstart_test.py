"""quickstart: tools/quickstart without arguments, with a moment of training, on the boards that are built."""

import os
import pathlib
import signal
import subprocess
import time
import unittest

from program import INTERRUPTED, MOTE, OK, USAGE, Case

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "tools" / "quickstart"
BUILD = pathlib.Path(MOTE).resolve().parents[2]
BOARDS = [b for b in ("mps3-an547", "netduinoplus2", "microbit") if (BUILD / b / "targets" / "say").exists()]


def same_each_time(row):
    """A row without its stack: the timer's interrupt may come where the stack is deepest."""
    board, model, arena, _, prompt, made = row.split()
    return board, model, arena, prompt, made


@unittest.skipUnless(os.access(MOTE, os.X_OK), "the host program is not built")
class Quickstart(Case):
    def environment(self, **own):
        return {**os.environ, "MOTE": MOTE, "OUT": str(self.folder / "out"), "BYTES": "40000", "STEPS": "4", "BOARDS": " ".join(BOARDS),
                "PROMPT": "stop the timer", **own}

    def start(self, *arguments, **own):
        return subprocess.run([SCRIPT, *arguments], env=self.environment(**own), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=110)

    def test_trains_and_asks_the_boards_and_a_second_start_reuses_it(self):
        first = self.start()
        self.assertEqual(first.returncode, OK, first.stderr)
        self.assertIn("Done", first.stderr)
        table = first.stdout.splitlines()[-1 - len(BOARDS):]
        self.assertEqual([row.split()[0] for row in table], ["board", *BOARDS])
        for row in table[1:]:
            self.assertGreater(int(row.split()[1]), 100000, row)  # bytes of the model
        model = (self.folder / "out/commands.mote").read_bytes()
        second = self.start()
        self.assertEqual(second.returncode, OK, second.stderr)
        self.assertEqual(second.stderr.count("is there already"), 3, second.stderr)  # both halves of the corpus, and the tokenizer
        self.assertEqual((self.folder / "out/commands.mote").read_bytes(), model)
        again = second.stdout.splitlines()[-1 - len(BOARDS):]
        self.assertEqual([same_each_time(row) for row in again], [same_each_time(row) for row in table])

    def test_an_interrupted_start_keeps_what_is_done(self):
        process = subprocess.Popen([SCRIPT], env=self.environment(STEPS="1000000"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True, start_new_session=True)
        log = self.folder / "out/commands/log.jsonl"
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and not (log.exists() and log.stat().st_size):
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        errors = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, INTERRUPTED, errors)
        self.assertIn("start again", errors)
        self.assertTrue(list((self.folder / "out/commands").glob("step-*")), errors)

    def test_what_is_no_checkpoint_is_refused(self):
        for arguments in (("--help",), ("nowhere",), ("a", "b", "c")):
            self.assertEqual(self.start(*arguments).returncode, USAGE, arguments)
