"""train: from a text to a model that writes, through every command on the way."""

import codecs
import re

from program import Case

POEMS = """床前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。
白日依山盡，黃河入海流。欲窮千里目，更上一層樓。
春眠不覺曉，處處聞啼鳥。夜來風雨聲，花落知多少。
"""
SHAPE = "--family llama --layers 2 --dim 48 --heads 2 --context 48 --batch 8 --steps 200 --warmup 10 --lr 1e-2 --threads 1".split()


class Chinese(Case):
    """Three poems, again and again, are learnt by heart."""

    def written(self, kind):
        self.path("poems.txt").write_text(POEMS * 20, encoding="utf-8")
        self.accepts("tokenizer", "train", *kind, "-o", "tokenizer.json", "poems.txt")
        self.accepts("train", "--data", "poems.txt", "--tokenizer", "tokenizer.json", *SHAPE, "-o", "run")
        self.accepts("pack", "run/best", "-o", "poems.mote")
        out = self.accepts("run", "-m", "poems.mote", "-p", "春", "-n", "40", "--ignore-eos").stdout.removesuffix(b"\n")
        return codecs.getincrementaldecoder("utf-8")().decode(out)  # refuses what is no UTF-8; -n may cut the last character

    def test_a_model_of_characters_writes_the_poem(self):
        self.assertIn("春眠不覺曉，處處聞啼鳥。夜來風雨聲，花落知多少。\n", self.written(["--type", "char"]))

    def test_a_model_of_byte_pairs_writes_the_poem_in_utf8(self):
        self.assertIn("春眠不覺曉，處處聞啼鳥。夜來風雨聲，", self.written(["--type", "bpe", "--vocab", "300"]))


class Estimate(Case):
    """--dry-run against the run."""

    def report(self, *options):
        self.path("text.txt").write_text("".join(f"{i * i} is the square of {i}\n" for i in range(2000)))
        return self.accepts("train", "--data", "text.txt", *options, "--dry-run").stdout.decode()

    def test_warns_of_too_few_and_of_too_many_tokens_a_parameter(self):
        self.assertIn("far fewer than 20", self.report("--steps", "1"))
        self.assertIn("far more than 20", self.report("--layers", "1", "--dim", "8", "--heads", "1", "--steps", "5000"))
        enough = self.report("--layers", "1", "--dim", "32", "--heads", "2", "--steps", "500")
        self.assertNotIn("warning", enough)
        self.assertRegex(enough, r"memory +[0-9]+ MiB")
        self.assertRegex(enough, r"time +[0-9].* s a step as measured")
        self.assertTrue(5 <= float(re.search(r"ratio +([0-9.]+)", enough).group(1)) <= 80, enough)

    def test_the_parameters_are_those_of_the_checkpoint(self):
        shape = ["--layers", "1", "--dim", "32", "--heads", "2"]
        count = int(re.search(r"parameters +([0-9]+)", self.report(*shape)).group(1))
        self.accepts("train", "--data", "text.txt", *shape, "--steps", "1", "-o", "run")
        packed = self.accepts("pack", "run/best", "-o", "x.mote")
        self.assertIn(f" {count} parameters,".encode(), packed.stderr + packed.stdout)
