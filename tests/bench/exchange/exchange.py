"""exchange: files written by mote in llama.cpp, and the memory that importing a large file takes.

  exchange.py MOTE SHARED_DATA PEER_LLAMA > ../exchange.md      2 minutes, 2 GB of disk; needs python3-numpy

PEER_LLAMA is the program made from peer_llama.cpp.
"""
import json
import os
import struct
import subprocess
import sys
import tempfile
import time

import numpy

TOKENS = 64
PROMPTS = ["Once upon a time", "Lily and her dog"]
MIB = 1 << 20

HEAD = """# Models in and out

Written by `exchange/exchange.py`.

## GGUF files in llama.cpp

The most probable %d tokens behind two prompts: mote's from the model's own file packed in float32, llama.cpp's from the GGUF file that
`mote export --to gguf` wrote, once of that file and once of the packed one. Caches are float32 in both.

| model | prompt | prompt's tokens are the same | tokens that are the same, of %d |
|---|---|---|---|
"""

MEMORY = """
## Import of a large safetensors file

`mote pack` of one file of float32 with random weights (Llama, %d layers, %d wide, %d hidden); its largest tensor has %.1f MiB. The
most memory that was in use, the program's own included, is to be below the file's size and 64 MiB more.

| to | file, MiB | seconds | most memory, MiB | allowed, MiB |
|---|---|---|---|---|
"""


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout.decode()


def ids(text):
    return [int(word) for word in text.split()]


class Exchange:
    def __init__(self, mote, data, peer, folder):
        self.mote, self.data, self.peer, self.folder = mote, data, peer, folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def trained(self):
        """A small model that mote trains here."""
        texts = os.path.join(self.data, "text/en/tinystories_train_head.txt")
        run(self.mote, "tokenizer", "train", "--type", "bpe", "--vocab", "1024", "-o", self.path("tokenizer.json"), texts)
        run(self.mote, "train", "--data", texts, "--tokenizer", self.path("tokenizer.json"), "--family", "llama", "--layers", "2", "--dim", "64",
            "--context", "128", "--steps", "300", "-o", self.path("run"))
        return self.path("run/last")

    def of_mote(self, model, prompt):
        told = run(self.mote, "run", "-m", model, "-p", prompt, "-n", str(TOKENS), "--temp", "0", "--kv", "f32", "--ignore-eos", "--ids")
        return ids(told)

    def of_llama(self, model, prompt):
        begin, rest = run(self.peer, model, str(TOKENS), prompt).splitlines()
        return ids(begin), ids(rest)

    def rows(self, name, source, tokenizer):
        options = ["--tokenizer", tokenizer] if tokenizer else []
        packed, rows = self.path("m.mote"), []
        run(self.mote, "pack", source, *options, "--weights", "f32", "--force", "-o", packed)
        for what, model, more in [("its file", source, options), ("packed", packed, [])]:
            gguf = self.path("m.gguf")
            run(self.mote, "export", model, *more, "--to", "gguf", "--force", "-o", gguf)
            for prompt in PROMPTS:
                begin, theirs = self.of_llama(gguf, prompt)
                ours = self.of_mote(packed, prompt)
                own_begin = ids(run(self.mote, "tokenize", "--ids", "--tokenizer", packed, "--prompt", prompt))
                same = sum(a == b for a, b in zip(ours[-TOKENS:], theirs))
                rows.append("| %s, from %s | %s | %s | %d |" % (name, what, prompt, "yes" if begin == own_begin else "**no**", same))
        return rows

    def measure(self, *command):
        """Seconds and MiB."""
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        if status:
            raise SystemExit("%s failed" % " ".join(command))
        return time.perf_counter() - start, usage.ru_maxrss / 1024

    def large(self, layers=10, dim=1024, hidden=2816, heads=16, vocab=4096):
        folder = self.path("large")
        os.mkdir(folder)
        config = {"model_type": "llama", "hidden_size": dim, "num_hidden_layers": layers, "num_attention_heads": heads,
                  "intermediate_size": hidden, "vocab_size": vocab, "max_position_embeddings": 256, "tie_word_embeddings": True}
        with open(os.path.join(folder, "config.json"), "w", encoding="ascii") as file:
            json.dump(config, file)
        shapes = {"model.embed_tokens": [vocab, dim], "model.norm": [dim]}
        for layer in range(layers):
            at = "model.layers.%d." % layer
            shapes.update({at + "input_layernorm": [dim], at + "post_attention_layernorm": [dim], at + "mlp.down_proj": [dim, hidden]})
            shapes.update({at + "self_attn.%s_proj" % name: [dim, dim] for name in "qkvo"})
            shapes.update({at + "mlp.%s_proj" % name: [hidden, dim] for name in ("gate", "up")})
        header, end = {}, 0
        for name, shape in shapes.items():
            size = 4 * int(numpy.prod(shape))
            header[name + ".weight"] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + size]}
            end += size
        text, random = json.dumps(header).encode(), numpy.random.default_rng(1)
        path = os.path.join(folder, "model.safetensors")
        with open(path, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            for shape in shapes.values():
                file.write(random.standard_normal(int(numpy.prod(shape)), numpy.float32).tobytes())
        size = os.path.getsize(path) / MIB
        lines = []
        for weights in ("f32", "q8", "q4"):
            seconds, peak = self.measure(self.mote, "pack", folder, "--weights", weights, "--force", "-o", self.path("large.mote"))
            lines.append("| %s | %.0f | %.1f | %.0f | %.0f |" % (weights, size, seconds, peak, size + 64))
        largest = max(int(numpy.prod(shape)) for shape in shapes.values()) * 4 / MIB
        return MEMORY % (layers, dim, hidden, largest) + "\n".join(lines) + "\n"


def main():
    mote, data, peer = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        exchange = Exchange(os.path.abspath(mote), data, os.path.abspath(peer), folder)
        weights = os.path.join(data, "weights")
        rows = exchange.rows("stories260K", weights + "/llama2c/stories260K.bin", weights + "/llama2c/tok512.bin")
        rows += exchange.rows("stories656K", weights + "/hf/stories656K", None)
        rows += exchange.rows("a Llama trained by mote", exchange.trained(), None)
        print(HEAD % (TOKENS, TOKENS) + "\n".join(rows) + "\n" + exchange.large(), end="")


main()
