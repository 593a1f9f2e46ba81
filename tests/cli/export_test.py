"""export: every target, from a checkpoint and from a packed model; what is written is held to the formats' own rules."""

import json
import math
import struct

from checkpoints import TINY, read_safetensors, tiny_llama, write_folder, write_torch
from program import INPUT, USAGE, Case, Measured, digest

SHAPE = "llama:dim=32,layers=2,heads=4,kv_heads=2,hidden=64,vocab=250,context=16"  # too few tokens for a tokenizer of bytes


class Targets(Case):
    def setUp(self):
        super().setUp()
        self.tensors = tiny_llama()
        write_folder(self.path("given"), self.tensors)

    def test_hf_has_the_tensors_of_its_source(self):
        self.accepts("pack", "given", "--weights", "f32", "-o", "m.mote")
        for source in ("given", "m.mote"):
            self.accepts("export", source, "--to", "hf", "-o", "hf " + source)
            self.assertEqual(read_safetensors(self.path("hf " + source) / "model.safetensors"), self.tensors)
            config = json.loads((self.path("hf " + source) / "config.json").read_text())
            self.assertEqual({key: config[key] for key in TINY}, TINY)
            self.assertEqual(config["architectures"], ["LlamaForCausalLM"])

    def test_a_packed_model_and_its_checkpoint_give_the_same_files(self):
        self.accepts("pack", "--random", SHAPE, "--weights", "f32", "-o", "m.mote")
        self.path("again").mkdir()  # a GGUF file has its source's name inside
        for to, options in (("gguf", []), ("llama2c", []), ("llama2c", ["--layout", "1"]), ("llama2c", ["--layout", "2"])):
            self.accepts("export", "m.mote", "--to", to, *options, "-o", "first")
            self.accepts("pack", "first", "--weights", "f32", "-o", "again/m.mote")
            self.accepts("export", "again/m.mote", "--to", to, *options, "-o", "second")
            if "2" not in options:  # 8 bits are rounded once more
                self.assertEqual(digest(self.path("first")), digest(self.path("second")), (to, options))
            for name in ("first", "again/m.mote", "second"):
                self.path(name).unlink()

    def test_llama2c_gets_its_tokenizer_beside_it(self):
        pieces = ["<unk>", "\n<s>\n", "\n</s>\n"] + [f"<0x{byte:02X}>" for byte in range(256)] + [" ", "a", " a"]
        # Scores are ranks: 0 for what no pair makes, -2 for the pair, which is the second of two scores.
        records = [struct.pack("<fi", -2.0 if piece == " a" else 0.0, len(piece)) + piece.encode() for piece in pieces]
        self.path("t.bin").write_bytes(struct.pack("<i", 6) + b"".join(records))
        self.accepts("pack", "--random", "llama:dim=16,layers=1,heads=2,hidden=24,vocab=262,context=16", "--weights", "f32", "-o", "m.mote")
        self.accepts("export", "m.mote", "--to", "llama2c", "--tokenizer", "t.bin", "-o", "x.bin")
        self.assertEqual(self.path("x_tokenizer.bin").read_bytes(), self.path("t.bin").read_bytes())
        self.path("x.bin").unlink()
        self.refuses(USAGE, "E_ARG", "export", "m.mote", "--to", "llama2c", "--tokenizer", "t.bin", "-o", "x.bin", says="x_tokenizer.bin")
        self.accepts("export", "m.mote", "--to", "llama2c", "--tokenizer", "t.bin", "-o", "x.bin", "--force")
        self.accepts("pack", "--random", "llama:dim=16,layers=1,heads=2,hidden=24,vocab=259,context=16", "--weights", "f32", "-o", "b.mote")
        done = self.accepts("export", "b.mote", "--to", "llama2c", "-o", "y.bin")
        self.assertIn(b"no tokenizer: error E_UNSUPPORTED", done.stderr)
        self.assertFalse(self.path("y_tokenizer.bin").exists())

    def test_ways_through_every_format_lose_nothing(self):
        self.accepts("pack", "given", "--weights", "f32", "-o", "m.mote")
        self.accepts("export", "m.mote", "--to", "gguf", "-o", "a.gguf")
        self.accepts("export", "a.gguf", "--to", "llama2c", "-o", "b.bin")
        self.accepts("export", "b.bin", "--to", "llama2c", "--layout", "1", "-o", "c.bin")
        self.accepts("export", "c.bin", "--to", "hf", "-o", "d")
        self.assertEqual(read_safetensors(self.path("d") / "model.safetensors"), self.tensors)

    def test_gguf_sizes_follow_the_type(self):
        """GGUF's F16 has 2 bytes, and a block of Q8_0 34 for 32 elements; vectors stay floats."""
        self.accepts("pack", "--random", SHAPE, "--weights", "f32", "-o", "m.mote")
        vectors = (2 * 2 + 1) * 32
        matrices = 250 * 32 + 2 * (2 * 32 * 32 + 2 * 16 * 32 + 3 * 64 * 32)
        for kind, name, of_32 in (("f32", "F32", 128), ("f16", "F16", 64), ("q8_0", "Q8_0", 34)):
            self.accepts("export", "m.mote", "--to", "gguf", "--type", kind, "-o", kind + ".gguf")
            told = json.loads(self.accepts("inspect", "--json", kind + ".gguf").stdout)
            self.assertEqual(told["bytes"], vectors * 4 + matrices // 32 * of_32)
            self.assertEqual(told["types"].get(name), 20 if kind == "f32" else 15)

    def test_gpt2_with_biases_only_in_its_norms_goes_to_hf(self):
        """As vanilla_1m_v1 is; transformers knows no such GPT-2, and zeros are the same."""
        dim, tensors = 4, {}
        sizes = {"tok_embed.weight": [6, dim], "pos_embed.weight": [8, dim], "norm_final.weight": [dim], "norm_final.bias": [dim],
                 "unembed.weight": [6, dim]}
        layer = {"norm1.weight": [dim], "norm1.bias": [dim], "attn.qkv.weight": [3 * dim, dim], "attn.out.weight": [dim, dim],
                 "norm2.weight": [dim], "norm2.bias": [dim], "ffn.up.weight": [8, dim], "ffn.down.weight": [dim, 8]}
        sizes.update({"blocks.0." + name: shape for name, shape in layer.items()})
        for number, (name, shape) in enumerate(sizes.items()):
            tensors[name] = (shape, [number + i / 64 for i in range(math.prod(shape))])
        write_torch(self.path("m.pt"), tensors)
        self.accepts("export", "m.pt", "--heads", "2", "--to", "hf", "-o", "hf")
        written = read_safetensors(self.path("hf") / "model.safetensors")
        config = json.loads((self.path("hf") / "config.json").read_text())
        self.assertEqual((config["activation_function"], config["layer_norm_epsilon"], "bias" in config), ("gelu", 1e-5, False))
        self.assertEqual(written["transformer.h.0.ln_1.bias"], tensors["blocks.0.norm1.bias"])
        self.assertEqual(written["transformer.h.0.attn.c_attn.bias"], ([3 * dim], [0.0] * 3 * dim))
        shape, turned = written["transformer.h.0.attn.c_attn.weight"]  # (in, out)
        self.assertEqual(shape, [dim, 3 * dim])
        rows = tensors["blocks.0.attn.qkv.weight"][1]
        self.assertEqual(turned, [rows[out * dim + i] for i in range(dim) for out in range(3 * dim)])
        self.accepts("pack", "hf", "--weights", "f32", "-o", "back.mote")

    def test_llama2c_headers_are_as_its_readers_have_them(self):
        self.accepts("pack", "--random", SHAPE, "--weights", "f32", "-o", "m.mote")
        sizes = (32, 64, 2, 4, 2, 250, 16)
        for layout, head in ((0, struct.pack("<7i", *sizes)), (1, struct.pack("<Ii7iB", 0x616b3432, 1, *sizes, 1)),
                             (2, struct.pack("<Ii7iBi", 0x616b3432, 2, *sizes, 1, 32))):
            self.accepts("export", "m.mote", "--to", "llama2c", "--layout", str(layout), "-o", f"{layout}.bin")
            written = self.path(f"{layout}.bin").read_bytes()
            self.assertEqual(written[:len(head)], head)
            self.assertFalse(layout and any(written[len(head):256]))


class Refusals(Case):
    def test_options_of_other_targets_are_refused(self):
        self.pack()
        self.refuses(USAGE, "E_ARG", "export", "m.mote", "--to", "hf", "--type", "f16", "-o", "x", says="--type")
        self.refuses(USAGE, "E_ARG", "export", "m.mote", "--to", "gguf", "--layout", "1", "-o", "x", says="--layout")
        self.refuses(USAGE, "E_ARG", "export", "m.mote", "--to", "hf", "-o", ".", says="exists")

    def test_a_target_without_the_architecture_says_so(self):
        self.pack("g.mote", "gpt2:dim=8,layers=1,heads=1,hidden=8,vocab=10,context=6")
        self.refuses(INPUT, "E_UNSUPPORTED", "export", "g.mote", "--to", "llama2c", "-o", "x", says="layer norms")
        self.pack("erf.mote", "gpt2:dim=8,layers=1,heads=1,hidden=8,vocab=10,context=6,activation=gelu_erf")
        self.refuses(INPUT, "E_UNSUPPORTED", "export", "erf.mote", "--to", "gguf", "-o", "x", says="gelu_new")


class Memory(Measured):
    def test_of_an_export_is_bounded_by_the_largest_tensor(self):
        model = self.large_model()
        small = self.peak("--version")
        for to in ("hf", "gguf", "llama2c"):
            used = self.peak("export", "model.bin", "--to", to, "-o", "out " + to) - small
            self.assertLess(used, model / 4, to)
