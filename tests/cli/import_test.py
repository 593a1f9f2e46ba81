"""import: checkpoints from outside: memory, and files of each kind through the whole program."""

import os
import struct
import subprocess

from program import MOTE, OK, Case


class Memory(Case):
    def peak(self, *arguments):
        """Bytes of memory that the program had at most."""
        environment = {**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=1"}  # sanitizers keep what was freed
        child = subprocess.Popen([MOTE, *arguments], cwd=self.folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(child.returncode, OK)
        return usage.ru_maxrss * 1024

    def test_of_an_import_is_bounded_by_the_largest_tensor(self):
        dim, hidden, layers, heads, vocab, context = 256, 1024, 16, 8, 1000, 64
        floats = vocab * dim + layers * (2 * dim + 4 * dim * dim + 3 * dim * hidden) + dim + context * dim // heads
        with open(self.path("model.bin"), "wb") as file:  # weights of zero are as large as others
            file.write(struct.pack("<7i", dim, hidden, layers, heads, heads, vocab, context))
            file.truncate(28 + 4 * floats)
        small = self.peak("--version")
        for weights in ("f32", "q8"):
            used = self.peak("pack", "model.bin", "--weights", weights, "-o", weights + ".mote") - small
            self.assertLess(used, 4 * floats / 4, weights)  # the largest tensor is a 67th of the file
