"""mote bench: every measurement that was asked for, and refusals."""

import json

from program import LIMIT, USAGE, Case


class Bench(Case):
    def test_json_has_a_row_for_each_measurement(self):
        self.pack()
        done = self.accepts("bench", "-m", "m.mote", "-t", "1,2", "-d", "0,8", "-n", "4", "-p", "12", "-r", "1", "--json")
        told = json.loads(done.stdout)
        rows = [(s["threads"], s["test"], s["tokens"], s.get("depth")) for s in told["speeds"]]
        self.assertEqual(rows, [(t, *test) for t in (1, 2) for test in (("decode", 4, 0), ("decode", 4, 8), ("prefill", 12, None))])
        self.assertTrue(all(s["tokens_per_s"] > 0 for s in told["speeds"]))
        self.assertEqual(told["context"], 12)
        self.assertLess(told["weight_bytes_per_token"], told["model_bytes"])

    def test_the_table_names_them(self):
        self.pack()
        told = self.accepts("bench", "-m", "m.mote", "-d", "0", "-n", "4", "-p", "8", "-r", "1").stdout.decode()
        self.assertIn("| decode of 4 at 0 |", told)
        self.assertIn("| prefill of 8 |", told)

    def test_measurements_beyond_the_context_are_refused(self):
        self.pack()
        self.refuses(LIMIT, "E_CONTEXT", "bench", "-m", "m.mote", "-d", "30", "-n", "4", "-p", "0", says="34")
        self.refuses(USAGE, "E_ARG", "bench", "-m", "m.mote", "-t", "65", "-d", "0", "-n", "4", "-p", "8", says="64")
        self.refuses(USAGE, "E_ARG", "bench", "-m", "m.mote", "-t", "x")
        self.refuses(USAGE, "E_ARG", "bench", "-m", "m.mote", "-r", "0")


class Threads(Case):
    def test_no_number_of_threads_changes_the_digest(self):
        self.pack()
        run = ("run", "-m", "m.mote", "--prompt-ids", "1,2,3,4,5", "--ids", "-n", "12", "--ignore-eos", "--digest", "-s", "7")
        told = {self.accepts(*run, "-t", str(threads)).stdout for threads in (1, 2, 3, 5)}
        self.assertEqual(len(told), 1)
        self.assertIn(b"digest", told.pop())
        self.refuses(USAGE, "E_ARG", *run, "-t", "65", says="64")
