#!/usr/bin/python3
"""reference: transformers in double precision, slow and plain, written from the papers and the file formats.

It shares no line and no constant with the library; golden numbers come from here (make_expected.py).
Needs Python 3.9 and numpy. Blocks are checked against PyTorch, where it is installed, by

    reference.py --check

Words: dim is the width of the residual stream x, hidden the width of the feed-forward layer, n the number of tokens.
Every matrix is (rows, cols) = (out, in), so that y = x w^T + b with x (n, in).

Sources
  Vaswani et al. 2017, "Attention Is All You Need"                          attention
  Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"  GPT-2: pre-norm, learned positions
  Ba, Kiros, Hinton 2016, "Layer Normalization"; Zhang, Sennrich 2019, "Root Mean Square Layer Normalization"
  Hendrycks, Gimpel 2016, "Gaussian Error Linear Units"                     gelu, both forms
  Shazeer 2020, "GLU Variants Improve Transformer"                          silu-gated feed-forward
  Su et al. 2021, "RoFormer"                                                rotary positions
  Shazeer 2019 (multi-query) and Ainslie et al. 2023 (grouped-query)        kv_heads < heads
  Touvron et al. 2023, "LLaMA"; Grattafiori et al. 2024, "The Llama 3 Herd of Models"   llama, its rope scaling
  Yang et al. 2024, "Qwen2 Technical Report"; 2025, "Qwen3 Technical Report"    q/k/v bias; q/k norm of each head
"""

import argparse
import json
import math
import pathlib
import struct
import sys
from dataclasses import dataclass, field
from typing import List, Optional

import numpy as np

Array = np.ndarray


@dataclass
class Layer:
    """One block: attention, then feed-forward, each behind its norm and added to x. None: the family has no such tensor."""

    attention_norm: Array                          # (dim)
    q: Array                                       # (heads * head_dim, dim)
    k: Array                                       # (kv_heads * head_dim, dim)
    v: Array                                       # (kv_heads * head_dim, dim)
    o: Array                                       # (dim, heads * head_dim)
    ffn_norm: Array                                # (dim)
    up: Array                                      # (hidden, dim)
    down: Array                                    # (dim, hidden)
    gate: Optional[Array] = None                   # (hidden, dim); None: down(activation(up x))
    attention_norm_bias: Optional[Array] = None
    q_bias: Optional[Array] = None
    k_bias: Optional[Array] = None
    v_bias: Optional[Array] = None
    o_bias: Optional[Array] = None
    q_norm: Optional[Array] = None                 # (head_dim): RMS norm of each query head, before rope
    k_norm: Optional[Array] = None                 # (head_dim)
    ffn_norm_bias: Optional[Array] = None
    gate_bias: Optional[Array] = None
    up_bias: Optional[Array] = None
    down_bias: Optional[Array] = None


@dataclass
class Model:
    """A decoder-only transformer."""

    dim: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    vocab: int
    context: int                                   # tokens; the longest the model was made for
    norm: str                                      # "rms" or "layer"
    norm_eps: float
    activation: str                                # a key of ACTIVATIONS
    token_embedding: Array                         # (vocab, dim)
    final_norm: Array                              # (dim)
    head: Array                                    # (vocab, dim)
    layers: List[Layer] = field(default_factory=list)
    final_norm_bias: Optional[Array] = None
    position_embedding: Optional[Array] = None     # (context, dim); None: rope
    rope_frequencies: Optional[Array] = None       # (head_dim / 2), radians per position
    rope_pairing: str = ""                         # "interleaved": (2i, 2i+1); "halves": (i, i + head_dim/2)


# ---- blocks -----------------------------------------------------------------------------------------------------------


def linear(x: Array, w: Array, bias: Optional[Array] = None) -> Array:
    """x (n, in), w (out, in), bias (out) -> (n, out)."""
    y = x @ w.T
    return y if bias is None else y + bias


def rms_norm(x: Array, weight: Array, eps: float) -> Array:
    """x (..., dim) divided by the root of its mean square. Zhang, Sennrich 2019, equation 4, with eps inside the root."""
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + eps) * weight


def layer_norm(x: Array, weight: Array, bias: Array, eps: float) -> Array:
    """x (..., dim) to mean 0 and (biased) variance 1, then scaled and moved. Ba et al. 2016."""
    centred = x - np.mean(x, axis=-1, keepdims=True)
    return centred / np.sqrt(np.mean(centred * centred, axis=-1, keepdims=True) + eps) * weight + bias


def softmax(x: Array) -> Array:
    """Over the last axis; -inf gives exactly 0."""
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def silu(x: Array) -> Array:
    return x / (1.0 + np.exp(-x))


def gelu_tanh(x: Array) -> Array:
    """The approximation in Hendrycks, Gimpel 2016, section 2; "gelu_new" in Hugging Face configurations."""
    return 0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))


def gelu_erf(x: Array) -> Array:
    """x times the normal distribution function; "gelu" in Hugging Face configurations."""
    return 0.5 * x * (1.0 + np.vectorize(math.erf)(x / math.sqrt(2.0)))


ACTIVATIONS = {"silu": silu, "gelu_tanh": gelu_tanh, "gelu_erf": gelu_erf, "relu": lambda x: np.maximum(x, 0.0)}


def rope_frequencies(head_dim: int, theta: float) -> Array:
    """(head_dim / 2) radians per position: theta^(-2i / head_dim). Su et al. 2021, section 3.2.2."""
    return theta ** (-2.0 * np.arange(head_dim // 2) / head_dim)


def llama3_frequencies(frequencies: Array, factor: float, low: float, high: float, original_context: float) -> Array:
    """The frequencies (head_dim / 2) of Llama 3.1 for a context stretched by `factor`.

    With t = turns within the original context: t > high is kept, t < low is divided by `factor`, and between them the two
    are mixed in proportion to t.
    """
    turns = original_context * frequencies / (2.0 * math.pi)
    keep = np.clip((turns - low) / (high - low), 0.0, 1.0)
    return keep * frequencies + (1.0 - keep) * frequencies / factor


def rope(x: Array, frequencies: Array, pairing: str) -> Array:
    """Turns each pair of x (n, heads, head_dim) by position * frequency; the first token is at position 0."""
    angle = np.arange(x.shape[0])[:, None, None] * frequencies          # (n, 1, head_dim / 2)
    cos, sin = np.cos(angle), np.sin(angle)
    half = x.shape[-1] // 2
    first, second = {
        "interleaved": (slice(0, None, 2), slice(1, None, 2)),
        "halves": (slice(0, half), slice(half, None)),
    }[pairing]
    y = np.empty_like(x)
    y[..., first] = x[..., first] * cos - x[..., second] * sin
    y[..., second] = x[..., first] * sin + x[..., second] * cos
    return y


def causal_attention(q: Array, k: Array, v: Array) -> Array:
    """q (n, heads, head_dim), k and v (n, kv_heads, head_dim) -> (n, heads, head_dim).

    Query heads h * group .. h * group + group - 1 share key and value head h, group = heads / kv_heads.
    """
    n, heads, head_dim = q.shape
    group = heads // k.shape[1]
    k, v = np.repeat(k, group, axis=1), np.repeat(v, group, axis=1)
    scores = np.einsum("ihd,jhd->hij", q, k) / math.sqrt(head_dim)
    scores = np.where(np.tri(n, dtype=bool), scores, -np.inf)            # token i sees tokens 0..i
    return np.einsum("hij,jhd->ihd", softmax(scores), v)


# ---- the model --------------------------------------------------------------------------------------------------------


def norm(model: Model, x: Array, weight: Array, bias: Optional[Array]) -> Array:
    if model.norm == "rms":
        return rms_norm(x, weight, model.norm_eps)
    return layer_norm(x, weight, bias, model.norm_eps)


def attention(model: Model, layer: Layer, x: Array) -> Array:
    """x (n, dim), already normed -> (n, dim), to be added to the stream."""
    n = len(x)
    q = linear(x, layer.q, layer.q_bias).reshape(n, model.heads, model.head_dim)
    k = linear(x, layer.k, layer.k_bias).reshape(n, model.kv_heads, model.head_dim)
    v = linear(x, layer.v, layer.v_bias).reshape(n, model.kv_heads, model.head_dim)
    if layer.q_norm is not None:
        q = rms_norm(q, layer.q_norm, model.norm_eps)
        k = rms_norm(k, layer.k_norm, model.norm_eps)
    if model.rope_frequencies is not None:
        q = rope(q, model.rope_frequencies, model.rope_pairing)
        k = rope(k, model.rope_frequencies, model.rope_pairing)
    mixed = causal_attention(q, k, v).reshape(n, model.heads * model.head_dim)
    return linear(mixed, layer.o, layer.o_bias)


def feed_forward(model: Model, layer: Layer, x: Array) -> Array:
    """x (n, dim), already normed -> (n, dim), to be added to the stream."""
    activation = ACTIVATIONS[model.activation]
    up = linear(x, layer.up, layer.up_bias)
    inner = activation(up) if layer.gate is None else activation(linear(x, layer.gate, layer.gate_bias)) * up
    return linear(inner, layer.down, layer.down_bias)


def forward(model: Model, tokens: List[int]) -> Array:
    """The logits (n, vocab) behind every token; row i is the forecast of token i + 1."""
    if not 0 < len(tokens) <= model.context:
        raise ValueError(f"{len(tokens)} tokens, the context is {model.context}")
    x = model.token_embedding[tokens]
    if model.position_embedding is not None:
        x = x + model.position_embedding[: len(tokens)]
    for layer in model.layers:
        x = x + attention(model, layer, norm(model, x, layer.attention_norm, layer.attention_norm_bias))
        x = x + feed_forward(model, layer, norm(model, x, layer.ffn_norm, layer.ffn_norm_bias))
    return linear(norm(model, x, model.final_norm, model.final_norm_bias), model.head)


def greedy(model: Model, prompt: List[int], count: int) -> List[int]:
    """`count` tokens after the prompt, each the one with the highest logit; an end token does not stop it."""
    tokens = list(prompt)
    for _ in range(count):
        tokens.append(int(np.argmax(forward(model, tokens)[-1])))
    return tokens[len(prompt):]


def mean_nll(model: Model, tokens: List[int]) -> float:
    """Mean of -log p(token i | tokens before it) over i = 1 .. n - 1, in nats."""
    logits = forward(model, tokens)[:-1]
    top = np.max(logits, axis=-1)
    log_sum = top + np.log(np.sum(np.exp(logits - top[:, None]), axis=-1))
    return float(np.mean(log_sum - logits[np.arange(len(tokens) - 1), tokens[1:]]))


# ---- llama2.c checkpoints ---------------------------------------------------------------------------------------------


class Cursor:
    """Takes little-endian arrays from the front of a file; result in float64."""

    def __init__(self, data: bytes, offset: int):
        self.data, self.offset = data, offset

    def take(self, dtype: str, *shape: int) -> Array:
        count = math.prod(shape)
        values = np.frombuffer(self.data, dtype, count, self.offset)
        self.offset += values.nbytes
        return values.astype(np.float64).reshape(shape)

    def f32(self, *shape: int) -> Array:
        return self.take("<f4", *shape)

    def q80(self, group: int, *shape: int) -> Array:
        """All int8 of a matrix, then one f32 scale for each `group` of them in row-major order."""
        values = self.take("i1", *shape)
        scales = self.take("<f4", math.prod(shape) // group)
        return (values.reshape(-1, group) * scales[:, None]).reshape(shape)

    def finish(self) -> None:
        if self.offset != len(self.data):
            raise ValueError(f"{len(self.data) - self.offset} bytes left over")


def read_llama2c(path: pathlib.Path) -> Model:
    """A llama2.c checkpoint of version 0, 1 or 2 (quantized; the values are those the quantized numbers stand for)."""
    data = path.read_bytes()
    version = struct.unpack_from("<i", data, 4)[0] if data[:4] == b"24ka" else 0   # 0x616b3432
    numbers = struct.unpack_from("<7i", data, 8 if version else 0)
    dim, hidden, layers, heads, kv_heads, vocab, context = numbers
    tied = bool(data[36]) if version else vocab > 0
    vocab = abs(vocab)
    head_dim = dim // heads
    kv_dim = kv_heads * head_dim
    cursor = Cursor(data, 256 if version else 28)
    shapes = {"q": (dim, dim), "k": (kv_dim, dim), "v": (kv_dim, dim), "o": (dim, dim),
              "gate": (hidden, dim), "down": (dim, hidden), "up": (hidden, dim)}   # w1, w2, w3 come in this order
    tensors = {}
    if version == 0:
        embedding = cursor.f32(vocab, dim)
        tensors["attention_norm"] = cursor.f32(layers, dim)
        for name in ("q", "k", "v", "o"):
            tensors[name] = cursor.f32(layers, *shapes[name])
        tensors["ffn_norm"] = cursor.f32(layers, dim)
        for name in ("gate", "down", "up"):
            tensors[name] = cursor.f32(layers, *shapes[name])
        final_norm = cursor.f32(dim)
        cursor.f32(2, context, head_dim // 2)                                      # rope tables, not used
        head = embedding if tied else cursor.f32(vocab, dim)
    elif version in (1, 2):
        group = struct.unpack_from("<i", data, 37)[0]
        matrix = cursor.f32 if version == 1 else lambda *shape: cursor.q80(group, *shape)
        tensors["attention_norm"] = cursor.f32(layers, dim)
        tensors["ffn_norm"] = cursor.f32(layers, dim)
        final_norm = cursor.f32(dim)
        embedding = matrix(vocab, dim)
        for name, shape in shapes.items():
            tensors[name] = [matrix(*shape) for _ in range(layers)]
        head = embedding if tied else matrix(vocab, dim)
    else:
        raise ValueError(f"llama2.c version {version}")
    cursor.finish()
    return Model(
        dim=dim, hidden=hidden, heads=heads, kv_heads=kv_heads, head_dim=head_dim, vocab=vocab, context=context,
        norm="rms", norm_eps=1e-5, activation="silu", token_embedding=embedding, final_norm=final_norm, head=head,
        layers=[Layer(**{name: values[i] for name, values in tensors.items()}) for i in range(layers)],
        rope_frequencies=rope_frequencies(head_dim, 10000.0), rope_pairing="interleaved")


# ---- Hugging Face folders ---------------------------------------------------------------------------------------------


def read_safetensors(path: pathlib.Path) -> dict:
    """name -> float64 array, from F32, F16 and BF16 tensors (BF16 is the upper half of an F32)."""
    data = path.read_bytes()
    (header_bytes,) = struct.unpack_from("<Q", data)
    start = 8 + header_bytes
    tensors = {}
    for name, entry in json.loads(data[8:start]).items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        raw = data[start + begin:start + end]
        if entry["dtype"] == "BF16":
            values = (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
        else:
            values = np.frombuffer(raw, {"F32": "<f4", "F16": "<f2"}[entry["dtype"]])
        tensors[name] = values.astype(np.float64).reshape(entry["shape"])
    return tensors


def read_hugging_face(folder: pathlib.Path) -> Model:
    """A folder with config.json and model.safetensors of a llama, qwen2, qwen3 or gpt2."""
    config = json.loads((folder / "config.json").read_text())
    tensors = read_safetensors(folder / "model.safetensors")
    if config["model_type"] == "gpt2":
        return gpt2(config, tensors)
    if config["model_type"] in ("llama", "qwen2", "qwen3"):
        return llama(config, tensors)
    raise ValueError(f"model_type {config['model_type']}")


def llama(config: dict, tensors: dict) -> Model:
    """Llama, Qwen2 and Qwen3 differ only in optional tensors: q/k/v/o bias, q/k norm."""
    dim, heads = config["hidden_size"], config["num_attention_heads"]
    head_dim = config.get("head_dim") or dim // heads
    frequencies = rope_frequencies(head_dim, config.get("rope_theta", 10000.0))
    scaling = config.get("rope_scaling")
    if scaling:
        if scaling.get("rope_type") != "llama3":
            raise ValueError(f"rope_scaling {scaling}")
        frequencies = llama3_frequencies(frequencies, scaling["factor"], scaling["low_freq_factor"],
                                         scaling["high_freq_factor"], scaling["original_max_position_embeddings"])
    if config.get("tie_word_embeddings", False):                        # stored once, under either name
        embedding = tensors.get("model.embed_tokens.weight", tensors.get("lm_head.weight"))
        head = embedding
    else:
        embedding, head = tensors["model.embed_tokens.weight"], tensors["lm_head.weight"]
    layers = []
    for i in range(config["num_hidden_layers"]):
        def get(name):
            return tensors.get(f"model.layers.{i}.{name}")
        layers.append(Layer(
            attention_norm=get("input_layernorm.weight"), ffn_norm=get("post_attention_layernorm.weight"),
            q=get("self_attn.q_proj.weight"), q_bias=get("self_attn.q_proj.bias"),
            k=get("self_attn.k_proj.weight"), k_bias=get("self_attn.k_proj.bias"),
            v=get("self_attn.v_proj.weight"), v_bias=get("self_attn.v_proj.bias"),
            o=get("self_attn.o_proj.weight"), o_bias=get("self_attn.o_proj.bias"),
            q_norm=get("self_attn.q_norm.weight"), k_norm=get("self_attn.k_norm.weight"),
            gate=get("mlp.gate_proj.weight"), gate_bias=get("mlp.gate_proj.bias"),
            up=get("mlp.up_proj.weight"), up_bias=get("mlp.up_proj.bias"),
            down=get("mlp.down_proj.weight"), down_bias=get("mlp.down_proj.bias")))
    return Model(
        dim=dim, hidden=config["intermediate_size"], heads=heads, kv_heads=config.get("num_key_value_heads", heads),
        head_dim=head_dim, vocab=config["vocab_size"], context=config["max_position_embeddings"],
        norm="rms", norm_eps=config["rms_norm_eps"], activation="silu",
        token_embedding=embedding, final_norm=tensors["model.norm.weight"], head=head, layers=layers,
        rope_frequencies=frequencies, rope_pairing="halves")


def gpt2(config: dict, tensors: dict) -> Model:
    """GPT-2. Its matrices are stored (in, out), and q, k, v side by side in one: (dim, 3 dim)."""
    tensors = {name[len("transformer."):] if name.startswith("transformer.") else name: values
               for name, values in tensors.items()}
    dim, heads = config["n_embd"], config["n_head"]
    layers = []
    for i in range(config["n_layer"]):
        def get(name):
            return tensors[f"h.{i}.{name}"]
        q, k, v = np.split(get("attn.c_attn.weight").T, 3)
        q_bias, k_bias, v_bias = np.split(get("attn.c_attn.bias"), 3)
        layers.append(Layer(
            attention_norm=get("ln_1.weight"), attention_norm_bias=get("ln_1.bias"),
            q=q, q_bias=q_bias, k=k, k_bias=k_bias, v=v, v_bias=v_bias,
            o=get("attn.c_proj.weight").T, o_bias=get("attn.c_proj.bias"),
            ffn_norm=get("ln_2.weight"), ffn_norm_bias=get("ln_2.bias"),
            up=get("mlp.c_fc.weight").T, up_bias=get("mlp.c_fc.bias"),
            down=get("mlp.c_proj.weight").T, down_bias=get("mlp.c_proj.bias")))
    tied = config.get("tie_word_embeddings", True)
    return Model(
        dim=dim, hidden=config.get("n_inner") or 4 * dim, heads=heads, kv_heads=heads, head_dim=dim // heads,
        vocab=config["vocab_size"], context=config["n_positions"],
        norm="layer", norm_eps=config["layer_norm_epsilon"],
        activation={"gelu_new": "gelu_tanh", "gelu": "gelu_erf", "relu": "relu"}[config["activation_function"]],
        token_embedding=tensors["wte.weight"], position_embedding=tensors["wpe.weight"],
        final_norm=tensors["ln_f.weight"], final_norm_bias=tensors["ln_f.bias"],
        head=tensors["wte.weight"] if tied else tensors["lm_head.weight"], layers=layers)


def read(path: pathlib.Path) -> Model:
    """A Hugging Face folder or a llama2.c file."""
    return read_hugging_face(path) if path.is_dir() else read_llama2c(path)


# ---- check ------------------------------------------------------------------------------------------------------------


def check() -> int:
    """Compares the blocks with PyTorch in float64, and a whole GPT-2 block with torch.nn.TransformerEncoderLayer."""
    try:
        import torch
        import torch.nn.functional as F
    except ImportError:
        print("no torch here: nothing checked")
        return 0
    random = np.random.RandomState(1)
    failures = 0

    def draw(*shape):
        return random.standard_normal(shape)

    def compare(what, ours, theirs, tolerance=1e-12):           # both in float64, so only the order of sums differs
        nonlocal failures
        error = float(np.max(np.abs(ours - theirs.detach().numpy())))
        failures += not error <= tolerance
        print(f"{'ok  ' if error <= tolerance else 'FAIL'} {what}: largest difference {error:.1e}")

    t = torch.from_numpy
    n, heads, kv_heads, head_dim, hidden = 9, 6, 2, 4, 31
    dim = heads * head_dim
    x = draw(n, dim)

    weight, bias = draw(dim), draw(dim)
    compare("layer_norm", layer_norm(x, weight, bias, 1e-5), F.layer_norm(t(x), (dim,), t(weight), t(bias), 1e-5))
    root_mean_square = torch.linalg.vector_norm(t(x), dim=-1, keepdim=True) / dim**0.5
    compare("rms_norm", rms_norm(x, weight, 0.0), t(x) / root_mean_square * t(weight))
    compare("silu", silu(4 * x), F.silu(t(4 * x)))
    compare("gelu_tanh", gelu_tanh(4 * x), F.gelu(t(4 * x), approximate="tanh"))
    compare("gelu_erf", gelu_erf(4 * x), F.gelu(t(4 * x)))
    compare("softmax", softmax(4 * x), F.softmax(t(4 * x), dim=-1))
    w, w_bias = draw(hidden, dim), draw(hidden)
    compare("linear", linear(x, w, w_bias), F.linear(t(x), t(w), t(w_bias)))

    # Rotation of interleaved pairs is multiplication by e^(i angle); halves are the same after a permutation.
    frequencies = rope_frequencies(head_dim, 100.0)
    q = draw(n, heads, head_dim)
    angle = torch.outer(torch.arange(n, dtype=torch.float64), t(frequencies))
    turned = torch.view_as_complex(t(q).reshape(n, heads, -1, 2)) * torch.polar(torch.ones_like(angle), angle)[:, None]
    turned = torch.view_as_real(turned).reshape(n, heads, head_dim)
    compare("rope interleaved", rope(q, frequencies, "interleaved"), turned)
    to_halves = np.concatenate([np.arange(0, head_dim, 2), np.arange(1, head_dim, 2)])
    compare("rope halves", rope(q[..., to_halves], frequencies, "halves"), turned[..., to_halves])

    # Attention with the projections taken as the identity.
    mask = torch.triu(torch.ones(n, n, dtype=torch.bool), diagonal=1)
    eye = torch.eye(dim, dtype=torch.float64)
    for kv in (heads, kv_heads, 1):
        k, v = draw(n, kv, head_dim), draw(n, kv, head_dim)
        flat = [t(a).repeat_interleave(heads // a.shape[1], dim=1).reshape(n, 1, dim) for a in (q, k, v)]
        theirs, _ = F.multi_head_attention_forward(
            *flat, dim, heads, torch.cat([eye] * 3), None, None, None, False, 0.0, eye, None, training=False,
            need_weights=False, attn_mask=mask)
        compare(f"attention, {heads} heads, {kv} kv_heads", causal_attention(q, k, v).reshape(n, dim), theirs[:, 0])

    # The block of GPT-2 is what torch calls an encoder layer with the norm first and a causal mask.
    for name, activation in (("gelu_erf", F.gelu), ("gelu_tanh", lambda a: F.gelu(a, approximate="tanh"))):
        theirs = torch.nn.TransformerEncoderLayer(dim, heads, hidden, 0.0, activation, norm_first=True,
                                                  dtype=torch.float64)
        theirs.train()                                          # dropout is 0; eval() would take a fused path
        for p in theirs.parameters():
            torch.nn.init.normal_(p, std=0.5)
        p = {k: v.detach().numpy() for k, v in theirs.state_dict().items()}
        q, k, v = np.split(p["self_attn.in_proj_weight"], 3)
        q_bias, k_bias, v_bias = np.split(p["self_attn.in_proj_bias"], 3)
        layer = Layer(
            attention_norm=p["norm1.weight"], attention_norm_bias=p["norm1.bias"],
            q=q, q_bias=q_bias, k=k, k_bias=k_bias, v=v, v_bias=v_bias,
            o=p["self_attn.out_proj.weight"], o_bias=p["self_attn.out_proj.bias"],
            ffn_norm=p["norm2.weight"], ffn_norm_bias=p["norm2.bias"],
            up=p["linear1.weight"], up_bias=p["linear1.bias"], down=p["linear2.weight"], down_bias=p["linear2.bias"])
        model = Model(dim=dim, hidden=hidden, heads=heads, kv_heads=heads, head_dim=head_dim, vocab=dim, context=n,
                      norm="layer", norm_eps=1e-5, activation=name, token_embedding=x, final_norm=weight,
                      final_norm_bias=bias, head=np.eye(dim), layers=[layer], position_embedding=np.zeros((n, dim)))
        out = theirs(t(x)[:, None], src_mask=mask)[:, 0]
        compare(f"GPT-2 block, {name}", forward(model, list(range(n))),
                F.layer_norm(out, (dim,), t(weight), t(bias), 1e-5), 1e-10)

    tokens = [int(i) for i in random.randint(0, n, n)]
    compare("mean_nll", np.array(mean_nll(model, tokens)),
            F.cross_entropy(t(forward(model, tokens)[:-1]), torch.tensor(tokens[1:])))
    print(f"{failures} failed")
    return 1 if failures else 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Continue a prompt greedily in double precision.")
    parser.add_argument("--check", action="store_true", help="compare the blocks with PyTorch, if it is installed")
    parser.add_argument("model", nargs="?", type=pathlib.Path, help="a Hugging Face folder or a llama2.c file")
    parser.add_argument("--prompt", default="1", help="token ids, comma between (default 1)")
    parser.add_argument("-n", type=int, default=16, help="tokens to add (default 16)")
    args = parser.parse_args()
    if args.check:
        return check()
    if args.model is None:
        parser.print_usage(sys.stderr)
        return 2
    print(*greedy(read(args.model), [int(i) for i in args.prompt.split(",")], args.n))
    return 0


if __name__ == "__main__":
    sys.exit(main())
