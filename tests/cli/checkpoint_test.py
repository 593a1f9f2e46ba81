"""checkpoint: the folders that training writes, read by nothing of ours: plain Python with the names, layouts and formulas of
transformers' GPT2LMHeadModel and LlamaForCausalLM, of safetensors and of tokenizers' BPE. The loss is that of `mote eval`.
"""

import json
import math
import re
import struct

from program import Case

TEXT = "The cat sat on a mat; it saw 12 dogs, didn't it? The dogs' mat wasn't big.\n"
TRAIN = ("--layers", "2", "--dim", "16", "--heads", "4", "--context", "32", "--batch", "4", "--eval-batches", "1", "--threads", "2", "--steps", "80",
         "--eval-every", "80", "--lr", "0.02", "--warmup", "5")
GPT2_CONFIG = {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "activation_function": "gelu_new", "n_layer": 2, "n_head": 4, "n_embd": 16,
               "n_positions": 32, "torch_dtype": "float32"}
LLAMA_CONFIG = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_act": "silu", "num_hidden_layers": 2, "num_attention_heads": 4,
                "num_key_value_heads": 2, "hidden_size": 16, "max_position_embeddings": 32, "torch_dtype": "float32"}


# ---- files

def read_safetensors(path):
    """Name to (shape, values). The header covers the data without gaps, as the format demands."""
    content = path.read_bytes()
    size = struct.unpack_from("<Q", content)[0]
    header, data = json.loads(content[8:8 + size]), content[8 + size:]
    assert size % 8 == 0 and content[8:9] == b"{"
    tensors, end = {}, 0
    header.pop("__metadata__", None)
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, stop = entry["data_offsets"]
        assert entry["dtype"] == "F32" and begin == end and stop - begin == 4 * math.prod(entry["shape"]), name
        tensors[name] = (entry["shape"], struct.unpack(f"<{(stop - begin) // 4}f", data[begin:stop]))
        end = stop
    assert end == len(data)
    return tensors


WORDS = re.compile(r"'(?:[sdmt]|ll|ve|re)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")  # GPT-2's, for ASCII


def byte_alphabet():
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in plain]
    return {b: chr(b if b in plain else 256 + others.index(b)) for b in range(256)}


def merged(parts, ranks):
    while len(parts) > 1:
        rank, at = min((ranks.get(pair, math.inf), i) for i, pair in enumerate(zip(parts, parts[1:])))
        if rank == math.inf:
            break
        parts[at:at + 2] = [parts[at] + parts[at + 1]]
    return parts


def encode(tokenizer, text):
    """tokenizers' ByteLevel pre-tokenizer and BPE model, or characters with a mark for the space."""
    model, vocab = tokenizer["model"], tokenizer["model"]["vocab"]
    if tokenizer["pre_tokenizer"] is None:
        return [vocab[c if c != " " else "\u2581"] for c in text]
    ranks, alphabet = {tuple(m.split(" ")): i for i, m in enumerate(model["merges"])}, byte_alphabet()
    words = WORDS.findall(text) if tokenizer["pre_tokenizer"]["use_regex"] else [text]
    return [vocab[part] for word in words for part in merged([alphabet[b] for b in word.encode()], ranks)]


# ---- models: rows of numbers, in double precision

def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


class Tensors:
    def __init__(self, tensors):
        self.tensors, self.used = tensors, set()

    def vector(self, name):
        self.used.add(name)
        return self.tensors[name][1]

    def matrix(self, name):
        (rows, cols), values = self.tensors[name][0], self.vector(name)
        return [values[r * cols:(r + 1) * cols] for r in range(rows)]


def linear(w, x, bias=None):
    """torch.nn.Linear: w (out, in)."""
    return [dot(row, x) + (bias[i] if bias else 0) for i, row in enumerate(w)]


def conv1d(t, name, x):
    """transformers' Conv1D: w (in, out)."""
    return linear(list(zip(*t.matrix(name + ".weight"))), x, t.vector(name + ".bias"))


def attention(queries, keys, values, heads, kv_heads):
    """Causal; each argument (tokens, its heads * head_dim)."""
    head_dim, out = len(queries[0]) // heads, []
    for at, query in enumerate(queries):
        row = []
        for head in range(heads):
            own, theirs = head * head_dim, head // (heads // kv_heads) * head_dim
            scores = [dot(query[own:own + head_dim], keys[t][theirs:theirs + head_dim]) / math.sqrt(head_dim) for t in range(at + 1)]
            weights = [math.exp(s - max(scores)) for s in scores]
            row += [sum(w * values[t][theirs + i] for t, w in enumerate(weights)) / sum(weights) for i in range(head_dim)]
        out.append(row)
    return out


def added(a, b):
    return [[x + y for x, y in zip(r, s)] for r, s in zip(a, b)]


def gpt2(t, config, tokens):
    heads, dim = config["n_head"], config["n_embd"]

    def norm(x, name):
        mean = sum(x) / dim
        scale = 1 / math.sqrt(sum((v - mean)**2 for v in x) / dim + config["layer_norm_epsilon"])
        return [(v - mean) * scale * w + b for v, w, b in zip(x, t.vector(name + ".weight"), t.vector(name + ".bias"))]

    def gelu(v):
        return 0.5 * v * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3)))

    embedding, positions = t.matrix("transformer.wte.weight"), t.matrix("transformer.wpe.weight")
    x = added([embedding[token] for token in tokens], positions)
    for layer in range(config["n_layer"]):
        h = f"transformer.h.{layer}."
        qkv = [conv1d(t, h + "attn.c_attn", norm(row, h + "ln_1")) for row in x]
        mixed = attention(*([row[i * dim:(i + 1) * dim] for row in qkv] for i in range(3)), heads, heads)
        x = added(x, [conv1d(t, h + "attn.c_proj", row) for row in mixed])
        inner = [[gelu(v) for v in conv1d(t, h + "mlp.c_fc", norm(row, h + "ln_2"))] for row in x]
        x = added(x, [conv1d(t, h + "mlp.c_proj", row) for row in inner])
    head = embedding if config["tie_word_embeddings"] else t.matrix("lm_head.weight")
    return [linear(head, norm(row, "transformer.ln_f")) for row in x]


def llama(t, config, tokens):
    dim, heads, kv_heads = config["hidden_size"], config["num_attention_heads"], config["num_key_value_heads"]
    half = dim // heads // 2

    def norm(x, name):
        scale = 1 / math.sqrt(dot(x, x) / dim + config["rms_norm_eps"])
        return [v * scale * w for v, w in zip(x, t.vector(name))]

    def turned(x, position):
        out = list(x)
        for begin in range(0, len(x), 2 * half):
            for i in range(half):
                angle = position * config["rope_theta"]**(-i / half)
                a, b = x[begin + i], x[begin + half + i]
                out[begin + i] = a * math.cos(angle) - b * math.sin(angle)
                out[begin + half + i] = b * math.cos(angle) + a * math.sin(angle)
        return out

    embedding = t.matrix("model.embed_tokens.weight")
    x = [list(embedding[token]) for token in tokens]
    for layer in range(config["num_hidden_layers"]):
        h = f"model.layers.{layer}."
        normed = [norm(row, h + "input_layernorm.weight") for row in x]
        q, k, v = ([linear(t.matrix(f"{h}self_attn.{name}_proj.weight"), row) for row in normed] for name in "qkv")
        mixed = attention([turned(row, i) for i, row in enumerate(q)], [turned(row, i) for i, row in enumerate(k)], list(v), heads, kv_heads)
        x = added(x, [linear(t.matrix(h + "self_attn.o_proj.weight"), row) for row in mixed])
        normed = [norm(row, h + "post_attention_layernorm.weight") for row in x]
        gate, up = ([linear(t.matrix(f"{h}mlp.{name}_proj.weight"), row) for row in normed] for name in ("gate", "up"))
        inner = [[g / (1 + math.exp(-g)) * u for g, u in zip(*rows)] for rows in zip(gate, up)]
        x = added(x, [linear(t.matrix(h + "mlp.down_proj.weight"), row) for row in inner])
    head = embedding if config["tie_word_embeddings"] else t.matrix("lm_head.weight")
    return [linear(head, norm(row, "model.norm.weight")) for row in x]


def loss(logits, tokens):
    """Nats a token of all but the first."""
    sums = [math.log(sum(math.exp(v - max(row)) for v in row)) + max(row) - row[token] for row, token in zip(logits, tokens[1:])]
    return sum(sums) / len(sums)


class Checkpoint(Case):
    def check(self, family, model, config, *more):
        self.path("text").write_text(TEXT * 30)
        self.accepts("train", "--data", "text", "--family", family, *TRAIN, *more, "-o", "run")
        folder = self.path("run") / "last"
        found = json.loads((folder / "config.json").read_text())
        self.assertEqual({key: found.get(key) for key in config}, config)
        tensors = Tensors(read_safetensors(folder / "model.safetensors"))
        tokenizer = json.loads((folder / "tokenizer.json").read_text())
        self.assertEqual(list(tokenizer), ["version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"])
        self.assertEqual(found["vocab_size"], len(tokenizer["model"]["vocab"]))

        text = TEXT[3:30]
        tokens = encode(tokenizer, text)
        self.assertLessEqual(len(tokens), 32)
        ids = self.accepts("tokenize", "-t", "run/last", "-p", text, "--ids").stdout
        self.assertEqual([int(i) for i in re.findall(rb"\d+", ids)], tokens)

        expected = loss(model(tensors, found, tokens), tokens)
        self.assertEqual(tensors.used, set(tensors.tensors), "tensors that transformers would not look for")
        self.path("part").write_text(text)
        self.accepts("pack", "run/last", "--weights", "f32", "-o", "m.mote")
        printed = float(re.search(rb"^loss\s+([0-9.]+) nats/token", self.accepts("eval", "-m", "m.mote", "-f", "part", "--kv", "f32").stdout, re.M).group(1))
        self.assertLess(expected, 2.5, "it has learnt something: ln of 30 characters is 3.4")
        self.assertAlmostEqual(printed, expected, delta=1e-4 * max(1, expected))

    def test_of_gpt2_with_characters(self):
        self.check("gpt2", gpt2, {**GPT2_CONFIG, "tie_word_embeddings": True})

    def test_of_gpt2_with_byte_pairs_and_a_head_of_its_own(self):
        self.path("words").write_text(TEXT * 30)
        self.accepts("tokenizer", "train", "--vocab", "280", "words", "-o", "tokenizer.json")
        self.check("gpt2", gpt2, {**GPT2_CONFIG, "tie_word_embeddings": False}, "--untied", "--tokenizer", "tokenizer.json")

    def test_of_llama_with_characters(self):
        self.check("llama", llama, {**LLAMA_CONFIG, "tie_word_embeddings": True}, "--kv-heads", "2")

    def test_of_llama_with_bytes_and_a_head_of_its_own(self):
        self.check("llama", llama, {**LLAMA_CONFIG, "tie_word_embeddings": False}, "--kv-heads", "2", "--untied", "--tokenizer", "bytes")
