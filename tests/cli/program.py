"""program: runs the host program in a folder of its own, and holds every refusal to the same rules."""

import hashlib
import os
import pathlib
import re
import struct
import subprocess
import tempfile
import unittest

MOTE = os.environ.get("MOTE", "mote")
OK, USAGE, INPUT, IO, LIMIT, INTERRUPTED = 0, 2, 3, 4, 5, 130
ERROR = re.compile(rb"^mote: error (E_[A-Z0-9]+): .+$")
SMALL = "llama:dim=16,layers=2,heads=2,hidden=24,vocab=259,context=32"


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


class Case(unittest.TestCase):
    """Each case runs in an empty folder, `self.folder`; paths are relative to it."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="mote cli ")  # a space, on purpose
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def path(self, name):
        return self.folder / name

    def mote(self, *arguments, env=None, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        return subprocess.run([MOTE, *[str(a) if isinstance(a, pathlib.Path) else a for a in arguments]], cwd=self.folder, stderr=subprocess.PIPE,
                              env={**os.environ, **(env or {})}, timeout=100, **options)

    def pack(self, name="m.mote", shape=SMALL, *more):
        done = self.mote("pack", "--random", shape, "--seed", "1", "-o", name, *more)
        self.assertEqual(done.returncode, OK, done.stderr)
        return self.path(name)

    def accepts(self, *arguments, **options):
        done = self.mote(*arguments, **options)
        self.assertEqual(done.returncode, OK, done.stderr)
        return done

    def refuses(self, exit_code, code, *arguments, says="", **options):
        """The command fails with that exit code and one line of that code, creates nothing and changes nothing."""
        before = self.contents()
        done = self.mote(*arguments, **options)
        lines = done.stderr.splitlines()
        self.assertEqual(done.returncode, exit_code, (arguments, done.stderr))
        self.assertEqual(len(lines), 1, (arguments, done.stderr))
        match = ERROR.match(lines[0])
        self.assertTrue(match, (arguments, done.stderr))
        self.assertEqual(match.group(1).decode(), code, (arguments, done.stderr))
        self.assertIn(says.encode(), lines[0])
        self.assertEqual(self.contents(), before, "a refused command left or changed a file")
        return done

    def contents(self):
        return {os.fsencode(p): digest(p) for p in self.folder.rglob("*") if p.is_file()}


class Measured(Case):
    def peak(self, *arguments, code=OK):
        """Bytes of memory that the program had at most."""
        environment = {**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=1"}  # sanitizers keep what was freed
        child = subprocess.Popen([MOTE, *arguments], cwd=self.folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(child.returncode, code)
        return usage.ru_maxrss * 1024

    def large_model(self):
        """The bytes of model.bin, a llama2.c export of 16 layers whose largest tensor is a 67th of it."""
        dim, hidden, layers, heads, vocab, context = 256, 1024, 16, 8, 1000, 64
        floats = vocab * dim + layers * (2 * dim + 4 * dim * dim + 3 * dim * hidden) + dim + context * dim // heads
        with open(self.path("model.bin"), "wb") as file:  # weights of zero are as large as others
            file.write(struct.pack("<7i", dim, hidden, layers, heads, heads, vocab, context))
            file.truncate(28 + 4 * floats)
        return 4 * floats
