#!/usr/bin/python3
"""make_parity: what PyTorch computes, for the trainer to agree with: parity.json. Needs python3-torch.

Tiny models of both families start from the trainer's own first weights (SplitMix64, written again here) and take 50 steps of
AdamW in double precision, with warm-up, cosine and a bound on the gradient. Stored are all losses and the first gradient.
"""

import json
import math
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

STEPS, WARMUP, RATE, MIN_RATE, BOUND, DECAY, BETAS = 50, 5, 1e-2, 1e-3, 0.5, 0.1, (0.9, 0.95)
BATCH, CONTEXT, VOCAB, DIM, LAYERS, HEADS = 3, 6, 11, 8, 2, 4
MODELS = [
    {"name": "gpt2", "family": "gpt2", "kv_heads": 4, "hidden": 12, "tied": True},
    {"name": "gpt2_untied", "family": "gpt2", "kv_heads": 4, "hidden": 12, "tied": False},
    {"name": "gpt2_no_bias", "family": "gpt2", "kv_heads": 4, "hidden": 12, "tied": True, "bias": False},
    {"name": "llama", "family": "llama", "kv_heads": 2, "hidden": 12, "tied": True},
    {"name": "qwen3", "family": "qwen3", "kv_heads": 2, "hidden": 12, "tied": True},
    {"name": "llama_untied", "family": "llama", "kv_heads": 1, "hidden": 12, "tied": False},
]
MASK = (1 << 64) - 1


class Random:
    """tools/base/random.h"""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
        return z ^ (z >> 31)

    def normal(self):
        bits = self.next()
        total = sum(bits >> 16 * i & 0xFFFF for i in range(4)) - 131070
        return np.float32(total) * (np.float32(1.7320508) / np.float32(65536))


def tensors(m):
    """(role, layer) -> shape, in the order of core's role codes."""
    kv, gpt2, shapes = m["kv_heads"] * DIM // HEADS, m["family"] == "gpt2", {}
    biases = gpt2 and m.get("bias", True)

    def layers(role, *shape):
        shapes.update({(role, layer): shape for layer in range(LAYERS)})

    shapes["token_embedding", 0] = (VOCAB, DIM)
    if gpt2:
        shapes["position_embedding", 0] = (CONTEXT, DIM)
    shapes["final_norm", 0] = (DIM,)
    if biases:
        shapes["final_norm_bias", 0] = (DIM,)
    if not m["tied"]:
        shapes["head", 0] = (VOCAB, DIM)
    for role, shape in [("attention_norm", (DIM,)), ("q", (DIM, DIM)), ("k", (kv, DIM)), ("v", (kv, DIM)), ("o", (DIM, DIM)),
                        ("q_norm", (DIM // HEADS,)), ("k_norm", (DIM // HEADS,)), ("ffn_norm", (DIM,)),
                        ("gate", (m["hidden"], DIM)), ("up", (m["hidden"], DIM)), ("down", (DIM, m["hidden"]))]:
        if (role == "gate" and gpt2) or (role in ("q_norm", "k_norm") and m["family"] != "qwen3"):
            continue
        layers(role, *shape)
        if biases:
            layers(role + "_bias", shape[0])
    return shapes


def initial(m):
    """tools/train/init.cpp, from seed 1."""
    random, params = Random(1), {}
    for (role, layer), shape in tensors(m).items():
        if len(shape) == 1:
            values = np.full(shape, 0.0 if "bias" in role else 1.0, np.float32)
        else:
            deviation = np.float32(0.02)
            if role in ("o", "down"):
                deviation = deviation / np.sqrt(np.float32(2 * LAYERS))
            values = np.array([random.normal() * deviation for _ in range(shape[0] * shape[1])], np.float32).reshape(shape)
        params[role, layer] = torch.tensor(values.astype(np.float64), requires_grad=True)
    return params


def rope(x):
    """x (batch, heads, tokens, head_dim), pairs (i, i + half)."""
    half = x.shape[-1] // 2
    angle = torch.outer(torch.arange(x.shape[2], dtype=torch.float64), 10000.0 ** (-torch.arange(half, dtype=torch.float64) / half))
    a, b, cos, sin = x[..., :half], x[..., half:], angle.cos(), angle.sin()
    return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)


def loss_of(m, p, x, y):
    gpt2, head_dim = m["family"] == "gpt2", DIM // HEADS

    def norm(h, role, layer=0):
        if (role, layer) not in p:  # of heads, in models without
            return h
        if gpt2:
            return F.layer_norm(h, (DIM,), p[role, layer], p.get((role + "_bias", layer)), 1e-5)
        return h * torch.rsqrt(h.pow(2).mean(-1, keepdim=True) + 1e-6) * p[role, layer]

    def linear(h, role, layer):
        return F.linear(h, p[role, layer], p.get((role + "_bias", layer)))

    def split(h, heads):
        return h.view(BATCH, CONTEXT, heads, head_dim).transpose(1, 2)

    h = p["token_embedding", 0][x]
    if gpt2:
        h = h + p["position_embedding", 0]
    hidden_from_future = torch.triu(torch.ones(CONTEXT, CONTEXT, dtype=torch.bool), 1)
    for layer in range(LAYERS):
        n = norm(h, "attention_norm", layer)
        q, k, v = (split(linear(n, role, layer), heads) for role, heads in (("q", HEADS), ("k", m["kv_heads"]), ("v", m["kv_heads"])))
        q, k = norm(q, "q_norm", layer), norm(k, "k_norm", layer)
        if not gpt2:
            q, k = rope(q), rope(k)
        k, v = (t.repeat_interleave(HEADS // m["kv_heads"], 1) for t in (k, v))
        scores = (q @ k.transpose(-1, -2) / math.sqrt(head_dim)).masked_fill(hidden_from_future, -math.inf)
        h = h + linear((scores.softmax(-1) @ v).transpose(1, 2).reshape(BATCH, CONTEXT, DIM), "o", layer)
        n = norm(h, "ffn_norm", layer)
        up = linear(n, "up", layer)
        act = F.gelu(up, approximate="tanh") if gpt2 else F.silu(linear(n, "gate", layer)) * up
        h = h + linear(act, "down", layer)
    logits = norm(h, "final_norm") @ p["token_embedding" if m["tied"] else "head", 0].T
    return F.cross_entropy(logits.view(-1, VOCAB), y.view(-1), ignore_index=-1)


def rate_of(step):
    if step < WARMUP:
        return RATE * (step + 1) / (WARMUP + 1)
    return MIN_RATE + 0.5 * (1 + math.cos(math.pi * (step - WARMUP) / (STEPS - WARMUP))) * (RATE - MIN_RATE)


def batches():
    """Tokens of a simple rule with noise; every fifth target is not trained."""
    random = Random(2)
    for _ in range(STEPS):
        rows = []
        for _ in range(BATCH):
            row = [random.next() % VOCAB]
            while len(row) <= CONTEXT:
                row.append((row[-1] * 3 + 1 + random.next() % 2) % VOCAB)
            rows.append(row)
        all_rows = torch.tensor(rows)
        x, y = all_rows[:, :-1], all_rows[:, 1:].clone()
        y.view(-1)[4::5] = -1
        yield x, y


def train(m):
    p = initial(m)
    matrices = [t for t in p.values() if t.dim() > 1]
    vectors = [t for t in p.values() if t.dim() == 1]
    groups = [{"params": matrices, "weight_decay": DECAY}, {"params": vectors, "weight_decay": 0.0}]
    adam = torch.optim.AdamW(groups, betas=BETAS, eps=1e-8)
    losses, gradient = [], {}
    for step, (x, y) in enumerate(batches()):
        for group in adam.param_groups:
            group["lr"] = rate_of(step)
        adam.zero_grad()
        loss = loss_of(m, p, x, y)
        loss.backward()
        if step == 0:
            gradient = {f"{role} {layer}": [float(f"{v:.8g}") for v in t.grad.flatten().tolist()] for (role, layer), t in p.items()}
        torch.nn.utils.clip_grad_norm_(list(p.values()), BOUND)
        adam.step()
        losses.append(round(loss.item(), 9))
    return {**m, "losses": losses, "gradient": gradient}


def main():
    settings = {
        "steps": STEPS, "warmup": WARMUP, "rate": RATE, "min_rate": MIN_RATE, "bound": BOUND, "decay": DECAY, "beta1": BETAS[0],
        "beta2": BETAS[1], "batch": BATCH, "context": CONTEXT, "vocab": VOCAB, "dim": DIM, "layers": LAYERS, "heads": HEADS,
    }
    result = {"settings": settings, "models": [train(m) for m in MODELS]}
    pathlib.Path(__file__).with_name("parity.json").write_text(json.dumps(result, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
