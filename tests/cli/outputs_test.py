"""outputs: files appear whole or not at all, and what cannot be written is never success."""

import os
import pathlib
import signal
import subprocess
import time
import unittest

from program import INTERRUPTED, IO, MOTE, OK, SMALL, USAGE, Case, digest


class Files(Case):
    def test_J06_the_output_is_not_the_input(self):
        source = self.pack("checkpoint.bin")  # any file will do: the refusal comes first
        os.symlink("checkpoint.bin", self.path("soft.bin"))
        os.link(source, self.path("hard.bin"))
        for name in ("checkpoint.bin", "./checkpoint.bin", "soft.bin", "hard.bin"):
            self.refuses(USAGE, "E_ARG", "pack", "checkpoint.bin", "-o", name, "--force", says=name)

    def test_J07_an_existing_output_needs_force(self):
        file = self.pack()
        first = digest(file)
        self.refuses(USAGE, "E_ARG", "pack", "--random", SMALL, "--seed", "2", "-o", "m.mote", says="--force")
        self.accepts("pack", "--random", SMALL, "--seed", "2", "-o", "m.mote", "--force")
        self.assertNotEqual(digest(file), first)
        self.accepts("pack", "--random", SMALL, "--seed", "1", "-o", "m.mote", "--force")
        self.assertEqual(digest(file), first)

    def test_J07_a_failing_command_with_force_leaves_the_old_output(self):
        self.pack()
        self.path("bad.bin").write_bytes(b"not a checkpoint")
        done = self.mote("pack", "bad.bin", "-o", "m.mote", "--force")
        self.assertNotEqual(done.returncode, OK)
        self.accepts("verify", "m.mote")

    def test_J08_outputs_that_cannot_be_created(self):
        self.path("folder").mkdir()
        pack = ("pack", "--random", SMALL, "-o")
        self.refuses(IO, "E_IO", *pack, "absent/m.mote", says="absent/m.mote")
        self.refuses(IO, "E_IO", *pack, "folder", "--force", says="directory")
        self.refuses(USAGE, "E_ARG", *pack, "folder")
        self.refuses(IO, "E_IO", *pack, "/dev/full", "--force")

    @unittest.skipIf(os.geteuid() == 0, "root writes anywhere")
    def test_J08_a_folder_without_permission(self):
        self.path("folder").mkdir(mode=0o555)
        self.refuses(IO, "E_IO", "pack", "--random", SMALL, "-o", "folder/m.mote")

    def test_J08_a_file_beyond_the_limit_of_its_size_leaves_nothing(self):
        command = f'ulimit -f 4; trap "" XFSZ; exec "{MOTE}" pack --random {SMALL} -o m.mote'
        done = subprocess.run(["bash", "-c", command], cwd=self.folder, capture_output=True)
        self.assertEqual(done.returncode, IO, done.stderr)
        self.assertEqual(self.contents(), {})

    def test_J09_unusual_names(self):
        for name in ("with space.mote", "new\nline.mote", "-leading.mote", b"not\xffutf8.mote", "quote'\".mote", "d\u00e9j\u00e0.mote"):
            given = b"./" + os.fsencode(name) if name == "-leading.mote" else name
            self.accepts("pack", "--random", SMALL, "-o", given)
            self.accepts("verify", given)
            self.accepts("run", "-m", given, "-n", "1")
        self.assertEqual(len(self.contents()), 6)
        self.accepts("verify", "--", "-leading.mote")

    def test_J09_names_beyond_every_limit(self):
        self.refuses(IO, "E_IO", "pack", "--random", SMALL, "-o", "x" * 5000)
        self.refuses(IO, "E_IO", "inspect", "x" * 5000)
        self.refuses(IO, "E_IO", "inspect", "x/" * 3000)

    def test_J14_the_same_seed_gives_the_same_file(self):
        a, b, c = self.pack("a.mote"), self.pack("b.mote"), self.path("c.mote")
        self.assertEqual(digest(a), digest(b))
        self.accepts("pack", "--random", SMALL, "-o", "c.mote")
        self.accepts("pack", "--random", SMALL, "--seed", "0", "-o", "d.mote")
        self.assertEqual(digest(c), digest(self.path("d.mote")))
        self.assertNotEqual(digest(a), digest(c))


class Streams(Case):
    def test_J10_a_full_or_closed_standard_output_is_an_error(self):
        self.pack()
        for arguments in (["run", "-m", "m.mote", "-n", "3"], ["inspect", "m.mote"], ["verify", "m.mote"], ["plan", "-m", "m.mote"], ["targets"],
                          ["tokenize", "-t", "m.mote", "-p", "abc"]):
            with open("/dev/full", "wb") as full:
                done = self.mote(*arguments, stdout=full)
            self.assertEqual(done.returncode, IO, (arguments, done.stderr))
            self.assertRegex(done.stderr.splitlines()[-1], rb"^mote: error E_(NOSPACE|IO): standard output")

    def test_J10_a_reader_that_goes_away_is_an_error_and_no_signal(self):
        self.pack("m.mote", SMALL.replace("context=32", "context=4000"))
        process = subprocess.Popen([MOTE, "run", "-m", "m.mote", "-n", "3900", "--ignore-eos", "--ids"], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.close()
        errors = process.stderr.read()
        process.stderr.close()
        self.assertEqual(process.wait(), IO, errors)

    def test_J11_closed_standard_streams_do_not_receive_the_output_file(self):
        for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
            subprocess.run(["bash", "-c", f'"{MOTE}" pack --random {SMALL} --seed 1 -o m.mote --force {closed}'], cwd=self.folder, capture_output=True, check=False)
            self.accepts("verify", "m.mote")
            subprocess.run(["bash", "-c", f'"{MOTE}" run -m m.mote -n 3 {closed}'], cwd=self.folder, capture_output=True, check=False)
            self.accepts("verify", "m.mote")

    def test_J12_the_locale_changes_no_byte(self):
        file = self.pack()
        first = digest(file)
        self.path("text").write_text("Once upon a time there was a model.")
        outputs = []
        for locale in ("C", "de_DE", "de_DE.UTF-8", "tr_TR.UTF-8"):
            env = {"LC_ALL": locale, "LANG": locale}
            self.accepts("pack", "--random", SMALL, "--seed", "1", "-o", "m.mote", "--force", env=env)
            self.assertEqual(digest(file), first)
            outputs.append([self.accepts(*a, env=env).stdout for a in (
                ("inspect", "m.mote"), ("plan", "-m", "m.mote"), ("run", "-m", "m.mote", "-n", "8", "--temp", "0.7", "--digest"), ("eval", "-m", "m.mote", "-f", "text"))])
        for other in outputs[1:]:
            self.assertEqual(other, outputs[0])

    def test_progress_is_for_terminals_only(self):
        self.pack()
        self.assertNotIn(b"\r", self.accepts("verify", "m.mote").stderr)


class Signals(Case):
    def start(self):
        self.pack("m.mote", "llama:dim=256,layers=8,heads=8,hidden=1024,vocab=4000,context=4096", "--weights", "f32")
        process = subprocess.Popen([MOTE, "run", "-m", "m.mote", "-n", "4000", "--ignore-eos", "--ids", "--prompt-ids", "1"], cwd=self.folder,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        process.stdout.read(1)  # it runs
        return process

    def test_J13_an_interrupted_run_ends_with_130(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start()
            process.send_signal(number)
            output, errors = process.communicate(timeout=60)
            self.assertEqual(process.returncode, INTERRUPTED, errors)
            self.assertRegex(errors.splitlines()[-1], rb"^mote: error E_INTERRUPTED")
            self.path("m.mote").unlink()

    def test_J13_two_interrupts_end_at_once(self):
        process = self.start()
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, INTERRUPTED)

    def test_J13_an_interrupted_pack_leaves_the_old_file_or_the_new_one(self):
        shape = "llama:dim=512,layers=6,heads=8,vocab=4000,context=64"
        old = digest(self.pack("m.mote", shape, "--weights", "f16"))
        self.accepts("pack", "--random", shape, "--seed", "2", "--weights", "f16", "-o", "new.mote")
        new = digest(self.path("new.mote"))
        for delay in (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 1.0, 1.3):
            process = subprocess.Popen([MOTE, "pack", "--random", shape, "--seed", "2", "--weights", "f16", "-o", "m.mote", "--force"], cwd=self.folder,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(delay)
            process.send_signal(signal.SIGTERM)
            code = process.wait(timeout=60)
            self.assertIn(code, (OK, INTERRUPTED, -signal.SIGTERM))
            self.assertIn(digest(self.path("m.mote")), (old, new) if code == OK else (old,))
            if code != -signal.SIGTERM:  # before main there is no handler
                self.assertEqual(sorted(p.name for p in pathlib.Path(self.folder).iterdir()), ["m.mote", "new.mote"])
            if code == OK:
                break
