"""crash: training that is killed, or whose disk fails, at every call that touches a file. It ends with the same bits, or says why not.

The calls are counted by faults.cpp. `crash_test.py --kills N` runs the long campaign and prints what it saw (see tests/README.md).
"""

import errno
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

from program import IO, MOTE, OK, Case, digest

FAULTS = os.environ.get("MOTE_FAULTS", "")
STEPS = 4
TRAIN = ("train", "--data", "text", "--layers", "1", "--dim", "16", "--heads", "2", "--context", "16", "--batch", "4", "--steps", str(STEPS),
         "--eval-every", "1", "--eval-batches", "1", "--dropout", "0.1", "--threads", "2")
LAST_SAVE = f".new-step-{STEPS:08}"
WHOLE = ["best", "last", "lock", "log.jsonl", "loss.svg", f"step-{STEPS - 1:08}", f"step-{STEPS:08}"]


def preload(**fault):
    """The environment in which a program's file calls fail so. Sanitizers want to be first, and need not be."""
    options = os.environ.get("ASAN_OPTIONS", "")
    return {"LD_PRELOAD": FAULTS, "ASAN_OPTIONS": f"{options}:verify_asan_link_order=0:detect_leaks=0",
            **{f"MOTE_FAULT_{name.upper()}": str(value) for name, value in fault.items()}}


class Faulty(Case):
    def setUp(self):
        super().setUp()
        self.path("text").write_text("the cat sat on a mat and saw it. " * 40)

    def counted(self, *arguments, **fault):
        """How many calls a command makes."""
        self.accepts(*arguments, env=preload(count=self.path("count"), **fault))
        return int(self.path("count").read_text())

    def run_files(self, run):
        return sorted(os.listdir(self.path(run)))

    def outcome(self, run):
        """Everything of a run that must not depend on when it was stopped."""
        folder = self.path(run) / "last"
        return {p.name: digest(p) for p in folder.iterdir()}

    def check_log(self, run):
        lines = (self.path(run) / "log.jsonl").read_text().split("\n")
        self.assertEqual(lines.pop(), "")
        records = [json.loads(line) for line in lines]
        steps = [record["step"] for record in records if "validation_loss" in record]
        self.assertEqual(steps, sorted(set(steps)))
        self.assertLessEqual(steps[-1], STEPS)
        xml.etree.ElementTree.parse(self.path(run) / "loss.svg")

    def reference(self, train=TRAIN):
        self.accepts(*train, "-o", "whole")
        self.assertEqual(self.run_files("whole"), WHOLE)
        return self.outcome("whole")

    def resumes(self, expected, run="run"):
        """The run goes on from what is there, and ends with the same bits and nothing left over."""
        started = self.path(run).is_dir() and any(name.startswith("step-") for name in os.listdir(self.path(run)))
        self.accepts(*(("train", "--resume", "-o", run) if started else (*TRAIN, "-o", run)))
        self.assertEqual(self.outcome(run), expected)
        self.assertEqual(self.run_files(run), WHOLE)
        self.check_log(run)
        shutil.rmtree(self.path(run))

    def killed_at(self, call, act, expected, **fault):
        """False when the run ended before that call."""
        done = self.mote(*TRAIN, "-o", "run", env=preload(at=call, do=act, **fault))
        self.assertIn(done.returncode, (OK, -signal.SIGKILL), done.stderr)
        self.resumes(expected)
        return done.returncode != OK


class Kill(Faulty):
    def every_call(self, act, first, stride, **fault):
        expected = self.reference()
        calls = self.counted(*TRAIN, "-o", "counted", **fault)
        kills = sum(self.killed_at(call, act, expected, **fault) for call in range(first, calls + 1, stride))
        self.assertEqual(kills, len(range(first, calls + 1, stride)))
        self.assertGreater(calls, 40 if "calls" not in fault else 4)

    # Quarters, for several processors.
    def test_M01_at_every_call_of_a_save_1(self):
        self.every_call("kill", 1, 4, **{"from": LAST_SAVE})

    def test_M01_at_every_call_of_a_save_2(self):
        self.every_call("kill", 2, 4, **{"from": LAST_SAVE})

    def test_M01_at_every_call_of_a_save_3(self):
        self.every_call("kill", 3, 4, **{"from": LAST_SAVE})

    def test_M01_at_every_call_of_a_save_4(self):
        self.every_call("kill", 4, 4, **{"from": LAST_SAVE})

    def test_M01_in_the_middle_of_every_write(self):
        self.every_call("tear", 1, 2, calls="write")

    def test_M02_power_cut_at_the_calls_of_a_save_1(self):
        self.every_call("cut", 1, 3, **{"from": LAST_SAVE})

    def test_M02_power_cut_at_the_calls_of_a_save_2(self):
        self.every_call("cut", 2, 3, **{"from": LAST_SAVE})

    def test_M02_power_cut_at_the_calls_of_a_save_3(self):
        self.every_call("cut", 3, 3, **{"from": LAST_SAVE})

    def test_M01_at_random_moments_again_and_again(self):
        self.random_kills(10, 1)

    def random_kills(self, kills, seed):
        chance, expected, count = random.Random(seed), self.reference(), 0
        longest = 0.05
        while count < kills:
            started = self.path("run").is_dir() and any(name.startswith("step-") for name in self.run_files("run"))
            arguments = ("train", "--resume", "-o", "run") if started else (*TRAIN, "-o", "run")
            begin = time.monotonic()
            process = subprocess.Popen([MOTE, *arguments], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            time.sleep(chance.uniform(0, longest))
            process.kill()
            errors = process.communicate()[1]
            self.assertIn(process.returncode, (OK, -signal.SIGKILL), errors)
            if process.returncode == OK:
                longest = max(0.01, time.monotonic() - begin)
                self.resumes(expected)
            else:
                count += 1
        self.resumes(expected)


class Failing(Faulty):
    """Calls that fail: once, or from then on, as on a disk that is full."""

    def fails(self, call, number, code, says, once=True, **fault):
        expected = self.reference()
        at = 0
        while True:
            at += 1
            more = {} if once else {"all": 1}
            done = self.mote(*TRAIN, "-o", "run", env=preload(calls=call, at=at, do=number, **{"from": LAST_SAVE}, **more, **fault))
            if done.returncode == OK:
                break
            self.assertEqual(done.returncode, IO, done.stderr)
            self.assertRegex(done.stderr.splitlines()[-1].decode(), rf"^mote: error {code}: run[^:]*: {says}: {os.strerror(number)}$")
            if once:
                self.assertEqual([name for name in self.run_files("run") if name.startswith(".") or "tmp" in name], [])
            self.resumes(expected)
        self.assertGreater(at, 1)

    def test_M03_a_full_disk_at_every_write(self):
        self.fails("write", errno.ENOSPC, "E_NOSPACE", "cannot write")

    def test_M03_a_disk_that_stays_full(self):
        self.fails("write", errno.ENOSPC, "E_NOSPACE", "cannot write", once=False)

    def test_M04_writing(self):
        self.fails("write", errno.EIO, "E_IO", "cannot write")

    def test_M04_syncing_a_file(self):
        self.fails("fsync", errno.EIO, "E_IO", "cannot sync")

    def test_M04_syncing_a_folder(self):
        self.fails("fsync_folder", errno.EIO, "E_IO", "cannot sync")

    def test_M04_closing(self):
        self.fails("close", errno.EIO, "E_IO", "cannot close")

    def test_M04_renaming(self):
        self.fails("rename", errno.EIO, "E_IO", "cannot rename into place")

    def test_M04_creating(self):
        self.fails("open", errno.EMFILE, "E_IO", "cannot (create|open)")

    def test_J08_a_file_system_that_became_read_only(self):
        self.fails("open,mkdir,symlink", errno.EROFS, "E_IO", "cannot (create|open)", once=False)

    def test_M05_short_and_interrupted_writes_are_completed(self):
        expected = self.reference()
        for act in ("short", errno.EINTR):
            self.accepts(*TRAIN, "-o", "run", env=preload(calls="write", at=1, do=act, **({"all": 1} if act == "short" else {})))
            self.resumes(expected)


class Outputs(Faulty):
    """The other commands: an output is there as it was, or whole."""

    def holds(self, name, *arguments):
        """Every call of a command fails once, with an old output in place and without."""
        commands = (*arguments, "-o", name, "--force")
        for old in (b"", b"the old output"):
            for at in range(1, 1000):
                self.path(name).unlink(missing_ok=True)
                self.path("tokenizer_config.json").unlink(missing_ok=True)
                if old:
                    self.path(name).write_bytes(old)
                done = self.mote(*commands, env=preload(at=at, do=errno.ENOSPC))
                left = [p for p in os.listdir(self.folder) if ".tmp" in p]
                self.assertEqual(left, [], (arguments, at))
                if done.returncode == OK:
                    break
                self.assertEqual(done.returncode, IO, done.stderr)
                self.assertRegex(done.stderr.splitlines()[-1].decode(), rf"^mote: error E_NOSPACE: [^:]+: cannot [a-z ]+: {os.strerror(errno.ENOSPC)}$")
                found = self.path(name).read_bytes() if self.path(name).exists() else b""
                self.assertTrue(found == old or found == self.whole(name, *arguments), (arguments, at))
            self.assertGreater(at, 5)

    def whole(self, name, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / name
            self.accepts(*arguments, "-o", path)
            return path.read_bytes()

    def test_M03_of_tokenizer_train(self):
        self.holds("tokenizer.json", "tokenizer", "train", "--vocab", "260", "text")

    def test_M03_of_corpus(self):
        self.holds("stories.txt", "corpus", "stories", "--bytes", "2000")

    def test_M03_of_pack(self):
        self.accepts(*TRAIN, "-o", "run")
        self.holds("m.mote", "pack", "run/last")


def campaign(kills, seed=1):
    """`kills` kills: at every call of a whole run, in the middle of every write, and the rest at random moments."""
    case = Kill("test_M01_at_random_moments_again_and_again")
    case.setUp()
    try:
        expected, done = case.reference(), 0
        calls, writes = case.counted(*TRAIN, "-o", "calls"), case.counted(*TRAIN, "-o", "writes", calls="write")
        done += sum(case.killed_at(call, "kill", expected) for call in range(1, calls + 1))
        done += sum(case.killed_at(call, "tear", expected, calls="write") for call in range(1, writes + 1))
        at_random = max(0, kills - done)
        shutil.rmtree(case.path("whole"))
        case.random_kills(at_random, seed)
        return {"kills": done + at_random, "at_every_call": calls, "in_every_write": writes, "at_random": at_random, "seed": seed, "other_bits": 0}
    finally:
        case.doCleanups()


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "--kills":
        sys.exit("usage: MOTE=PROGRAM MOTE_FAULTS=LIBRARY crash_test.py --kills N")
    print(json.dumps(campaign(int(sys.argv[2])), indent=1))
