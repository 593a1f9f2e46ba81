"""inspect: a packed model is described the same in lines and in JSON."""

import json

from program import SMALL, Case

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
