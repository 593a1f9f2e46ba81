"""inspect: models in every container, packed or not, and tokenizers of every kind; the same in lines and in JSON."""

import json
import struct

from checkpoints import TINY, llama_keys, tiny_llama, write_folder, write_gguf, write_split_gguf, write_torch
from program import INPUT, SMALL, Case

# SMALL by hand: embedding 259 x 16; a layer has 4 products of 16 x 16, 3 of 24 x 16 and 2 norms of 16; a last norm. The head is tied.
PARAMETERS = 259 * 16 + 2 * (4 * 16 * 16 + 3 * 24 * 16 + 2 * 16) + 16


class Packed(Case):
    def described(self, *options):
        self.pack("m.mote", SMALL, *options)
        return json.loads(self.accepts("inspect", "--json", "m.mote").stdout)

    def test_json_has_sizes_and_bits(self):
        told = self.described("--weights", "f32")
        self.assertEqual(told["sizes"], {"dim": 16, "layers": 2, "heads": 2, "kv_heads": 2, "head_dim": 8, "hidden": 24, "vocab": 259,
                                         "context": 32})
        self.assertEqual(told["parameters"], PARAMETERS)
        self.assertEqual(told["bytes"], self.path("m.mote").stat().st_size)
        self.assertEqual(told["weight_bytes"], sum(t["bytes"] for t in told["tensors"]))
        self.assertAlmostEqual(told["bits_per_weight"], 8 * told["weight_bytes"] / PARAMETERS)
        self.assertIsNone(told["tokenizer"]["template"])

    def test_the_template_is_shown(self):
        told = self.described("--chat-template", "chatml")["tokenizer"]["template"]
        self.assertEqual(told["user_prefix"], "<|im_start|>user\n")
        self.assertIn('"<|im_start|>user\\n"', self.accepts("inspect", "m.mote").stdout.decode())

    def test_lines_have_the_figures_of_the_json(self):
        told = self.described()
        lines = self.accepts("inspect", "m.mote").stdout.decode().splitlines()
        self.assertIn(f"parameters   {PARAMETERS}", lines)
        rows = [line.split()[:3] for line in lines]
        for tensor in told["tensors"]:
            self.assertIn([tensor["name"], str(tensor["layer"]), tensor["format"]], rows)


class Checkpoints(Case):
    """The same small model in every container: the figures are counted by hand."""

    SIZES = {"dim": 8, "layers": 1, "heads": 2, "kv_heads": 1, "head_dim": 4, "hidden": 12, "vocab": 10, "context": 16}
    ELEMENTS = 2 * 10 * 8 + 3 * 8 + 2 * 8 * 8 + 2 * 4 * 8 + 3 * 12 * 8

    def told(self, path, *options):
        return json.loads(self.accepts("inspect", "--json", path, *options).stdout)

    def check(self, path, expected, *options):
        told = self.told(path, *options)
        common = {"family": "llama", "sizes": self.SIZES, "parameters": self.ELEMENTS, "tokenizer": None,
                  "checks": "ok: 12 tensors, all numbers finite", "files": 1, "types": {"F32": 12}, "bytes": 4 * self.ELEMENTS}
        for key, value in {**common, **expected}.items():
            self.assertEqual(told[key], value, (path, key))
        self.assertAlmostEqual(told["bits_per_weight"], 8 * told["bytes"] / self.ELEMENTS)

    def test_safetensors_of_each_float_and_in_shards(self):
        for dtype, size in (("F32", 4), ("F16", 2), ("BF16", 2)):
            write_folder(self.path(dtype), tiny_llama(), dtype=dtype)
            self.check(dtype, {"format": "safetensors", "types": {dtype: 12}, "bytes": size * self.ELEMENTS})
            self.check(f"{dtype}/model.safetensors", {"format": "safetensors", "bytes": size * self.ELEMENTS, "types": {dtype: 12}})
        write_folder(self.path("shards"), tiny_llama(), shards=3)
        self.check("shards", {"format": "safetensors", "files": 3})
        self.check("shards/model.safetensors.index.json", {"format": "safetensors", "files": 3})

    def test_a_file_that_is_not_read_does_not_count(self):
        write_folder(self.path("both"), tiny_llama())
        self.path("both").joinpath("pytorch_model.bin").write_bytes(bytes(10000))
        self.check("both", {"format": "safetensors"})

    def test_torch_with_and_without_its_sizes(self):
        write_torch(self.path("m.pt"), tiny_llama())
        self.refuses(INPUT, "E_MISSING", "inspect", "m.pt", says="--heads")
        self.path("c.json").write_text(json.dumps(TINY))
        self.check("m.pt", {"format": "PyTorch"}, "--config", "c.json")

    def test_gguf_whole_and_in_parts(self):
        write_gguf(self.path("m.gguf"), tiny_llama(), llama_keys())
        self.check("m.gguf", {"format": "GGUF"})
        self.check(write_split_gguf(self.folder, tiny_llama(), 3), {"format": "GGUF", "files": 3})

    def test_llama2c_in_each_version(self):
        tensors = tiny_llama()
        tensors["model.norm.weight"][1][0] = struct.unpack("<f", b"\x01\n##")[0]  # as a line of a vocab.txt begins
        write_folder(self.path("given"), tensors)
        for version, types, size in ((0, {"F32": 12}, 28 + 4 * (self.ELEMENTS + 16 * 4)), (1, {"F32": 12}, 256 + 4 * self.ELEMENTS),
                                     (2, {"F32": 3, "8 bits": 9}, 256 + 4 * 24 + (self.ELEMENTS - 24) * 2)):
            self.accepts("export", "given", "--to", "llama2c", "--layout", str(version), "-o", "m.bin", "--force")
            self.check("m.bin", {"format": f"llama2.c, version {version}", "types": types, "bytes": size})

    def test_a_number_that_is_not_finite_is_said_under_checks(self):
        tensors = tiny_llama()
        tensors["model.norm.weight"][1][3] = float("nan")
        write_folder(self.path("given"), tensors)
        self.assertIn("model.norm.weight", self.told("given")["checks"])

    def test_lines_have_the_figures_of_the_json(self):
        write_folder(self.path("given"), tiny_llama())
        lines = self.accepts("inspect", "given").stdout.decode().splitlines()
        for line in ("family       llama", f"parameters   {self.ELEMENTS}", "bits/weight  32.000", "types        F32 12", "tokenizer    none"):
            self.assertIn(line, lines)


class Tokenizers(Case):
    """Of each kind, in a file of its own."""

    def told(self, path):
        return json.loads(self.accepts("inspect", "--json", path).stdout)

    def test_learnt_ones_are_named_by_their_kind(self):
        self.path("text").write_text("the quick brown fox jumps over the lazy dog\n" * 50)
        for kind, name, file, count in (("bpe", "byte-pair merges", "tokenizer.json", count_of_json),
                                        ("unigram", "Unigram", "tokenizer.json", count_of_json),
                                        ("wordpiece", "WordPiece", "vocab.txt", count_of_lines)):
            self.accepts("tokenizer", "train", "--type", kind, "--vocab", "300", "-o", kind, "text")
            told = self.told(kind)
            self.assertIn(file, told["format"])
            self.assertEqual(told["tokenizer"]["kind"], name)
            self.assertEqual(told["tokenizer"]["pieces"], count(self.path(kind).read_text()))
            self.assertIn("tokenizer    " + name, self.accepts("inspect", kind).stdout.decode())

    def test_vocabularies_of_other_programs(self):
        pieces = ["<unk>", "\n<s>\n", "\n</s>\n"] + [f"<0x{byte:02X}>" for byte in range(256)] + ["a", "b", "ab"]
        records = [struct.pack("<fi", -number, len(piece)) + piece.encode() for number, piece in enumerate(pieces)]
        self.path("t.bin").write_bytes(struct.pack("<i", 6) + b"".join(records))
        told = self.told("t.bin")
        self.assertEqual(told["format"], "a tokenizer.bin of llama2.c")
        self.assertEqual([told["tokenizer"][key] for key in ("pieces", "merges", "begin", "end")], [262, 1, 1, 2])
        self.path("vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "##b"]) + "\n")
        told = self.told("vocab.txt")
        self.assertEqual((told["format"], told["tokenizer"]["kind"], told["tokenizer"]["pieces"]), ("a vocab.txt of WordPiece", "WordPiece", 7))

    def test_merges_are_no_vocabulary(self):
        self.path("merges.txt").write_text("#version: 0.2\n# #\n## ##\n")
        self.refuses(INPUT, "E_MAGIC", "inspect", "merges.txt", says="a text file")
        self.refuses(INPUT, "E_UNSUPPORTED", "tokenize", "-t", "merges.txt", "-p", "x", says="vocab.json beside its merges.txt")

    def test_what_is_neither_a_model_nor_a_tokenizer_is_refused(self):
        self.path("x.json").write_text("{}")
        self.refuses(INPUT, "E_MAGIC", "inspect", "x.json", says="JSON")


def count_of_json(text):
    tokenizer = json.loads(text)
    vocabulary = tokenizer["model"]["vocab"]
    pieces = set(vocabulary) if isinstance(vocabulary, dict) else {piece for piece, _ in vocabulary}
    return len(pieces | {token["content"] for token in tokenizer["added_tokens"]})


def count_of_lines(text):
    return len(text.splitlines())
