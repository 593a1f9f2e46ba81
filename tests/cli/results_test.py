"""results: what must not change between runs, tiles and formats of the same command."""

import re

from program import SMALL, Case


class Run(Case):
    def digest_of(self, *arguments):
        return re.search(rb"^digest ([0-9a-f]{16})$", self.accepts("run", "-m", "m.mote", "--ids", "--digest", "--ignore-eos", *arguments).stdout, re.M).group(1)

    def test_the_tile_changes_no_bit(self):
        self.pack()
        prompt = ("--prompt-ids", "1,5,9,200,33,44,55,66,77,88", "-n", "10")
        first = self.digest_of(*prompt)
        for tile in ("1", "2", "3", "7", "10", "31", "1000"):
            self.assertEqual(self.digest_of(*prompt, "--tile", tile), first)

    def test_the_seed_decides_the_text_and_nothing_else_does(self):
        self.pack("m.mote", SMALL + ",tied=0")
        texts = {s: self.accepts("run", "-m", "m.mote", "-n", "16", "--ids", "--ignore-eos", "-s", s, "--temp", "2").stdout for s in ("0", "1", "2")}
        self.assertEqual(len(set(texts.values())), 3)
        self.assertEqual(self.accepts("run", "-m", "m.mote", "-n", "16", "--ids", "--ignore-eos", "--temp", "2").stdout, texts["0"])

    def test_greedy_needs_no_seed(self):
        self.pack()
        self.assertEqual(self.digest_of("-n", "12", "--temp", "0", "-s", "1"), self.digest_of("-n", "12", "--temp", "0", "-s", "2"))

    def test_greedy_takes_the_same_tokens_with_and_without_logits(self):
        self.pack("m.mote", "llama:dim=32,layers=1,heads=2,hidden=32,vocab=500,context=40,tied=0")
        run = ("run", "-m", "m.mote", "--temp", "0", "--ids", "--prompt-ids", "1,2,3", "-n", "30", "--ignore-eos")
        without = self.accepts(*run).stdout
        told = self.accepts(*run, "--digest").stdout
        self.assertEqual(told[:told.index(b"digest")], without)
        self.assertGreater(len(set(without.split())), 1)

    def test_a_longer_context_changes_no_bit(self):
        self.pack()
        self.assertEqual(self.digest_of("-n", "8", "-c", "9"), self.digest_of("-n", "8", "-c", "32"))

    def test_text_goes_to_standard_output_and_figures_elsewhere(self):
        self.pack()
        done = self.accepts("run", "-m", "m.mote", "-p", "abc", "-n", "0")
        self.assertEqual(done.stdout, b"abc\n")
        self.assertRegex(done.stderr, rb"^prompt: 4 tokens")


class Plan(Case):
    def test_the_plan_is_exact(self):
        self.pack("m.mote", "llama:dim=64,layers=2,heads=4,kv_heads=2,hidden=128,vocab=300,context=64")
        done = self.accepts("plan", "-m", "m.mote", "-c", "32", "--tile", "4")
        self.assertIn(b"11552", done.stdout)  # added up by hand in tests/unit/plan_test.cpp


    def test_a_greedy_plan_has_no_room_for_the_logits(self):
        self.pack("m.mote", "llama:dim=32,layers=1,heads=2,hidden=32,vocab=5000,context=32")
        arena = {}
        for flags in ((), ("--greedy",)):
            told = self.accepts("plan", "-m", "m.mote", *flags).stdout.decode()
            arena[flags] = int(next(line for line in told.splitlines() if line.startswith("arena ")).split()[1])
        self.assertGreater(arena[()] - arena["--greedy",], 5000 * 4 - 2000)


class Evaluation(Case):
    def test_a_text_too_short_to_predict_is_refused(self):
        self.pack()
        self.path("text").write_text("")
        self.refuses(3, "E_EMPTY", "eval", "-m", "m.mote", "-f", "text")

    def test_a_random_model_knows_nothing(self):
        self.pack("m.mote", SMALL + ",tied=0")
        self.path("text").write_text("Once upon a time there was a little girl. " * 8)
        loss = float(re.search(rb"^loss\s+([0-9.]+) nats/token", self.accepts("eval", "-m", "m.mote", "-f", "text").stdout, re.M).group(1))
        self.assertGreater(loss, 4)  # ln 259 is 5.6
        self.assertLess(loss, 9)
