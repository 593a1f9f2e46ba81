#!/usr/bin/python3
"""make_tiny: writes the checkpoints under models/ from seeds: random weights, every size odd on purpose.

Few of the sizes are multiples of 4, 16 or 32, so that padding, tails and shapes of heads are all exercised; the weights
are large enough for logits that spread over several units. Seeds were chosen with --search, so that greedy decoding is
never near a tie and does not repeat one token. Running this again gives the same bytes: random numbers are sums of
uniform ones, which every machine rounds alike (only the rope tables of the llama2.c file, which readers skip, come from
a library's cos and sin).
Leaves reading to reference.py and golden numbers to make_expected.py.

    make_tiny.py            write models/
    make_tiny.py --search   print seeds that would do, with their margins
"""

import argparse
import json
import math
import pathlib
import struct
import sys
import tempfile

import numpy as np

import reference

HERE = pathlib.Path(__file__).resolve().parent

# name -> seed, type of the stored numbers, configuration. A configuration with only "llama2c" is a llama2.c file.
MODELS = {
    "tiny_gpt2": (145, "F32", {
        "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "activation_function": "gelu_new",
        "n_embd": 20, "n_layer": 2, "n_head": 5, "n_inner": 54, "n_positions": 48, "vocab_size": 61,
        "layer_norm_epsilon": 1e-5, "tie_word_embeddings": True}),
    "tiny_gpt2_erf_untied": (1077, "F16", {
        "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "activation_function": "gelu",
        "n_embd": 18, "n_layer": 2, "n_head": 3, "n_inner": None, "n_positions": 40, "vocab_size": 53,
        "layer_norm_epsilon": 1e-5, "tie_word_embeddings": False}),
    "tiny_llama": (707, "BF16", {
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_act": "silu",
        "hidden_size": 36, "num_hidden_layers": 2, "num_attention_heads": 6, "num_key_value_heads": 2,
        "intermediate_size": 37, "max_position_embeddings": 64, "vocab_size": 83, "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0, "rope_scaling": None, "attention_bias": False, "mlp_bias": False,
        "tie_word_embeddings": False}),
    # The five frequencies have periods of 6, 40, 250, 1600 and 10000 tokens: one is kept, one mixed, three are divided.
    "tiny_llama_mqa_bias": (988, "F32", {
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_act": "silu",
        "hidden_size": 30, "num_hidden_layers": 2, "num_attention_heads": 3, "num_key_value_heads": 1, "head_dim": 10,
        "intermediate_size": 23, "max_position_embeddings": 256, "vocab_size": 57, "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0, "rope_scaling": {
            "rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 64},
        "attention_bias": True, "mlp_bias": False, "tie_word_embeddings": True}),
    "tiny_qwen2": (638, "BF16", {
        "model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"], "hidden_act": "silu",
        "hidden_size": 18, "num_hidden_layers": 2, "num_attention_heads": 3, "num_key_value_heads": 1,
        "intermediate_size": 43, "max_position_embeddings": 64, "vocab_size": 71, "rms_norm_eps": 1e-6,
        "rope_theta": 1000000.0, "use_sliding_window": False, "tie_word_embeddings": True}),
    "tiny_qwen3": (876, "F32", {
        "model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"], "hidden_act": "silu",
        "hidden_size": 14, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 6,
        "intermediate_size": 35, "max_position_embeddings": 64, "vocab_size": 59, "rms_norm_eps": 1e-6,
        "rope_theta": 1000000.0, "rope_scaling": None, "attention_bias": False, "use_sliding_window": False,
        "tie_word_embeddings": True}),
    "tiny_llama2c.bin": (876, "F32", {
        "llama2c": 0, "dim": 20, "hidden": 39, "layers": 2, "heads": 2, "kv_heads": 1, "vocab": 47, "context": 40}),
}

PROMPTS = {  # lengths from one token to more than 32; the two of GPT-2 end where the context is full after 16 tokens
    "tiny_gpt2": [(i * 17 + 3) % 61 for i in range(33)],
    "tiny_gpt2_erf_untied": [(i * 11 + 5) % 53 for i in range(25)],
    "tiny_llama": [1, 40, 7, 82, 0],
    "tiny_llama_mqa_bias": [(i * 23 + 1) % 57 for i in range(37)],
    "tiny_qwen2": [70],
    "tiny_qwen3": [5, 58, 31, 31, 2, 17, 44],
    "tiny_llama2c.bin": [1, 46],
}
GREEDY = 16  # tokens


class Source:
    """Random tensors, float64, about normal: the sum of 12 uniform numbers minus 6 has mean 0 and variance 1."""

    def __init__(self, seed: int):
        self.random = np.random.RandomState(seed)       # numpy keeps this stream of numbers for ever

    def normal(self, std: float, *shape: int) -> np.ndarray:
        total = np.zeros(shape)
        for _ in range(12):
            total += self.random.random_sample(shape)
        return std * (total - 6.0)

    def matrix(self, rows: int, cols: int, gain: float = 1.0) -> np.ndarray:
        """(rows, cols) for x of unit variance: y has variance gain^2."""
        return self.normal(gain / math.sqrt(cols), rows, cols)

    def norm(self, dim: int) -> np.ndarray:
        return 1.0 + self.normal(0.15, dim)

    def bias(self, dim: int) -> np.ndarray:
        return self.normal(0.2, dim)


def gpt2_tensors(config: dict, source: Source) -> dict:
    """name -> tensor. Matrices (in, out). The tied model has bare names, the untied one those of GPT2LMHeadModel."""
    dim, vocab, tied = config["n_embd"], config["vocab_size"], config["tie_word_embeddings"]
    hidden = config["n_inner"] or 4 * dim
    prefix = "" if tied else "transformer."
    t = {"wte.weight": source.normal(0.3, vocab, dim), "wpe.weight": source.normal(0.3, config["n_positions"], dim)}
    for i in range(config["n_layer"]):
        h = f"h.{i}."
        t[h + "ln_1.weight"], t[h + "ln_1.bias"] = source.norm(dim), source.bias(dim)
        t[h + "attn.c_attn.weight"], t[h + "attn.c_attn.bias"] = source.matrix(3 * dim, dim, 1.3).T, source.bias(3 * dim)
        t[h + "attn.c_proj.weight"], t[h + "attn.c_proj.bias"] = source.matrix(dim, dim).T, source.bias(dim)
        t[h + "ln_2.weight"], t[h + "ln_2.bias"] = source.norm(dim), source.bias(dim)
        t[h + "mlp.c_fc.weight"], t[h + "mlp.c_fc.bias"] = source.matrix(hidden, dim, 1.5).T, source.bias(hidden)
        t[h + "mlp.c_proj.weight"], t[h + "mlp.c_proj.bias"] = source.matrix(dim, hidden).T, source.bias(dim)
    t["ln_f.weight"], t["ln_f.bias"] = source.norm(dim), source.bias(dim)
    t = {prefix + name: values for name, values in t.items()}
    if not tied:
        t["lm_head.weight"] = source.normal(0.4, vocab, dim)
    return t


def llama_tensors(config: dict, source: Source) -> dict:
    """name -> tensor, for llama, qwen2 and qwen3. Matrices (out, in)."""
    dim, hidden, vocab = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    head_dim = config.get("head_dim", dim // heads)
    rows = {"q": heads * head_dim, "k": kv_heads * head_dim, "v": kv_heads * head_dim}
    biased = {"llama": "qkvo" if config.get("attention_bias") else "", "qwen2": "qkv", "qwen3": ""}[config["model_type"]]
    t = {"model.embed_tokens.weight": source.normal(0.3, vocab, dim)}
    for i in range(config["num_hidden_layers"]):
        layer = f"model.layers.{i}."
        t[layer + "input_layernorm.weight"] = source.norm(dim)
        for name in "qkv":
            t[f"{layer}self_attn.{name}_proj.weight"] = source.matrix(rows[name], dim, 1.3)
        t[layer + "self_attn.o_proj.weight"] = source.matrix(dim, heads * head_dim)
        for name in biased:
            t[f"{layer}self_attn.{name}_proj.bias"] = source.bias(rows.get(name, dim))
        if config["model_type"] == "qwen3":
            t[layer + "self_attn.q_norm.weight"] = source.norm(head_dim)
            t[layer + "self_attn.k_norm.weight"] = source.norm(head_dim)
        t[layer + "post_attention_layernorm.weight"] = source.norm(dim)
        t[layer + "mlp.gate_proj.weight"] = source.matrix(hidden, dim, 1.3)
        t[layer + "mlp.up_proj.weight"] = source.matrix(hidden, dim)
        t[layer + "mlp.down_proj.weight"] = source.matrix(dim, hidden)
    t["model.norm.weight"] = source.norm(dim)
    if not config["tie_word_embeddings"]:
        t["lm_head.weight"] = source.normal(0.3, vocab, dim)
    return t


def encode(values: np.ndarray, dtype: str) -> bytes:
    """Little-endian, rounded to nearest, ties to even."""
    single = np.ascontiguousarray(values, "<f4")
    if dtype == "F16":
        return single.astype("<f2").tobytes()
    if dtype == "BF16":
        bits = single.view("<u4").astype(np.uint64)
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2").tobytes()
    return single.tobytes()


def safetensors(tensors: dict, dtype: str) -> bytes:
    """uint64 header length, JSON header (padded with spaces to 8 bytes), tensors in order of name."""
    header, payload = {"__metadata__": {"format": "pt"}}, b""
    for name in sorted(tensors):
        raw = encode(tensors[name], dtype)
        header[name] = {"dtype": dtype, "shape": list(tensors[name].shape),
                        "data_offsets": [len(payload), len(payload) + len(raw)]}
        payload += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + payload


def llama2c(c: dict, source: Source) -> bytes:
    """Version 0, with an output matrix of its own: the vocab in the header is negative."""
    dim, hidden, layers, vocab, context = c["dim"], c["hidden"], c["layers"], c["vocab"], c["context"]
    head_dim = dim // c["heads"]
    kv_dim = c["kv_heads"] * head_dim

    def each(make, *args):
        return np.stack([make(*args) for _ in range(layers)])

    angle = np.outer(np.arange(context), reference.rope_frequencies(head_dim, 10000.0))
    parts = [
        source.normal(0.3, vocab, dim),
        each(source.norm, dim),
        each(source.matrix, dim, dim, 1.3), each(source.matrix, kv_dim, dim, 1.3), each(source.matrix, kv_dim, dim, 1.3),
        each(source.matrix, dim, dim),
        each(source.norm, dim),
        each(source.matrix, hidden, dim, 1.3), each(source.matrix, dim, hidden), each(source.matrix, hidden, dim),
        source.norm(dim),
        np.cos(angle), np.sin(angle),
        source.normal(0.4, vocab, dim),
    ]
    header = struct.pack("<7i", dim, hidden, layers, c["heads"], c["kv_heads"], -vocab, context)
    return header + b"".join(encode(part, "F32") for part in parts)


def write(name: str, seed: int, root: pathlib.Path) -> pathlib.Path:
    _, dtype, config = MODELS[name]
    source, path = Source(seed), root / name
    if "llama2c" in config:
        path.write_bytes(llama2c(config, source))
        return path
    path.mkdir(exist_ok=True)
    stored = {**config, "torch_dtype": {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}[dtype]}
    make = gpt2_tensors if config["model_type"] == "gpt2" else llama_tensors
    (path / "config.json").write_text(json.dumps(stored, indent=2) + "\n")
    (path / "model.safetensors").write_bytes(safetensors(make(config, source), dtype))
    return path


def margins(model: reference.Model, prompt: list) -> tuple:
    """(smallest gap between the two highest logits, number of different tokens, spread of the logits) of a greedy run."""
    tokens = prompt + reference.greedy(model, prompt, GREEDY)
    logits = reference.forward(model, tokens[:-1])[len(prompt) - 1:]
    top = np.sort(logits, axis=-1)
    return float(np.min(top[:, -1] - top[:, -2])), len(set(tokens[len(prompt):])), float(np.mean(top[:, -1] - top[:, 0]))


def search(seeds: int) -> None:
    """Prints, for each model, the seeds with the widest gap among those whose greedy tokens are varied."""
    with tempfile.TemporaryDirectory() as folder:
        for name in MODELS:
            found = []
            for seed in range(1, seeds + 1):
                model = reference.read(write(name, seed, pathlib.Path(folder)))
                gap, different, spread = margins(model, PROMPTS[name])
                if gap > 0.02 and different >= 8:
                    found.append((gap, different, spread, seed))
            for gap, different, spread, seed in sorted(found, reverse=True)[:5]:
                print(f"{name}: seed {seed}, gap {gap:.3f}, {different} different tokens, spread {spread:.1f}", flush=True)
            if not found:
                print(f"{name}: none", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the tiny checkpoints under models/.")
    parser.add_argument("--search", type=int, metavar="SEEDS", help="try this many seeds instead, print the best")
    args = parser.parse_args()
    if args.search:
        search(args.search)
        return 0
    root = HERE / "models"
    root.mkdir(exist_ok=True)
    for name, (seed, _, _) in MODELS.items():
        path = write(name, seed, root)
        size = sum(f.stat().st_size for f in ([path] if path.is_file() else path.iterdir()))
        gap, different, spread = margins(reference.read(path), PROMPTS[name])
        print(f"{name}: {size} bytes, gap {gap:.3f}, {different} different tokens, spread {spread:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
