#!/usr/bin/env python3
"""The peer of mote's trainer: the same models and the same steps, as one writes them in PyTorch. Needs python3-torch.

    peer.py speed CONFIGURATION THREADS STEPS      tokens a second, CPU seconds a step, peak memory
    peer.py quality CONFIGURATION THREADS TEXT     losses after training as nanoGPT does on its README's CPU command

Prints one JSON line. GPT models have learned positions, LayerNorm, tanh GELU and a tied head; Llama models rotary positions,
RMSNorm, SiLU gates, grouped queries and a tied head. Attention is written out, as PyTorch 1.13 has no fused one for CPUs.
"""

import argparse
import dataclasses
import json
import math
import pathlib
import resource
import time

import torch
import torch.nn.functional as F
from torch import nn


@dataclasses.dataclass(frozen=True)
class Configuration:
    family: str
    layers: int
    dim: int
    heads: int
    kv_heads: int
    hidden: int
    context: int
    batch: int
    vocab: int
    bias: bool = True


CONFIGURATIONS = {
    "gpt_i": Configuration("gpt2", 4, 128, 4, 4, 512, 128, 12, 65),
    "gpt_ii": Configuration("gpt2", 6, 384, 6, 6, 1536, 256, 16, 65),
    "llama_260k": Configuration("llama", 5, 64, 8, 4, 172, 512, 16, 512),
    "nanogpt_cpu": Configuration("gpt2", 4, 128, 4, 4, 512, 64, 12, 65, bias=False),
}


class LayerNorm(nn.Module):
    def __init__(self, dim, bias):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.bias = nn.Parameter(torch.zeros(dim)) if bias else None

    def forward(self, x):
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, 1e-5)


class RmsNorm(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5) * self.weight


class Attention(nn.Module):
    """Queries, keys and values by one matrix; rotary if `angles` are given."""

    def __init__(self, c, bias):
        super().__init__()
        self.heads, self.kv_heads, self.head_dim = c.heads, c.kv_heads, c.dim // c.heads
        self.qkv = nn.Linear(c.dim, (c.heads + 2 * c.kv_heads) * self.head_dim, bias=bias)
        self.out = nn.Linear(c.dim, c.dim, bias=bias)
        self.register_buffer("future", torch.ones(c.context, c.context, dtype=torch.bool).triu(1))

    def forward(self, x, rotation):
        batch, tokens, dim = x.shape
        heads = self.qkv(x).view(batch, tokens, -1, self.head_dim).transpose(1, 2)
        q, k, v = heads.split([self.heads, self.kv_heads, self.kv_heads], dim=1)
        if rotation is not None:
            q, k = rotate(q, *rotation), rotate(k, *rotation)
        if self.heads != self.kv_heads:
            k, v = (t.repeat_interleave(self.heads // self.kv_heads, dim=1) for t in (k, v))
        scores = q @ k.transpose(2, 3) * (1 / math.sqrt(self.head_dim))
        weights = scores.masked_fill(self.future[:tokens, :tokens], -math.inf).softmax(-1)
        return self.out((weights @ v).transpose(1, 2).reshape(batch, tokens, dim))


def rotate(x, cosine, sine):
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cosine - second * sine, first * sine + second * cosine], dim=-1)


class DenseFeedForward(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.up, self.out = nn.Linear(c.dim, c.hidden, bias=c.bias), nn.Linear(c.hidden, c.dim, bias=c.bias)

    def forward(self, x):
        return self.out(F.gelu(self.up(x), approximate="tanh"))


class GatedFeedForward(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.gate, self.up = nn.Linear(c.dim, c.hidden, bias=False), nn.Linear(c.dim, c.hidden, bias=False)
        self.out = nn.Linear(c.hidden, c.dim, bias=False)

    def forward(self, x):
        return self.out(F.silu(self.gate(x)) * self.up(x))


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        gpt = c.family == "gpt2"
        self.norms = nn.ModuleList(LayerNorm(c.dim, c.bias) if gpt else RmsNorm(c.dim) for _ in range(2))
        self.attention = Attention(c, c.bias and gpt)
        self.feed_forward = DenseFeedForward(c) if gpt else GatedFeedForward(c)

    def forward(self, x, rotation):
        x = x + self.attention(self.norms[0](x), rotation)
        return x + self.feed_forward(self.norms[1](x))


class Model(nn.Module):
    def __init__(self, c):
        super().__init__()
        gpt = c.family == "gpt2"
        self.tokens = nn.Embedding(c.vocab, c.dim)
        self.positions = nn.Embedding(c.context, c.dim) if gpt else None
        self.layers = nn.ModuleList(Layer(c) for _ in range(c.layers))
        self.norm = LayerNorm(c.dim, c.bias) if gpt else RmsNorm(c.dim)
        half = c.dim // c.heads // 2
        angles = torch.outer(torch.arange(c.context), 10000.0 ** (-torch.arange(half) / half))
        self.register_buffer("cosine", angles.cos())
        self.register_buffer("sine", angles.sin())
        for name, p in self.named_parameters():
            if p.dim() > 1:  # as GPT-2: what adds to the stream begins smaller
                nn.init.normal_(p, std=0.02 / math.sqrt(2 * c.layers) if name.endswith("out.weight") else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(p)

    def forward(self, x, y):
        tokens, h = x.shape[1], self.tokens(x)
        if self.positions is not None:
            h = h + self.positions.weight[:tokens]
        rotation = None if self.positions is not None else (self.cosine[:tokens], self.sine[:tokens])
        for layer in self.layers:
            h = layer(h, rotation)
        logits = F.linear(self.norm(h), self.tokens.weight)
        return F.cross_entropy(logits.flatten(0, 1), y.flatten())


def adamw(model):
    """Decay on matrices only, as mote and nanoGPT have it."""
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99))


def batch_of(data, c):
    starts = torch.randint(len(data) - c.context, (c.batch,)).tolist()
    windows = torch.stack([data[s:s + c.context + 1] for s in starts])
    return windows[:, :-1], windows[:, 1:]


def step(model, optimizer, data, c):
    loss = model(*batch_of(data, c))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()


def speed(c, steps):
    model, data = Model(c), torch.randint(c.vocab, (100_000,))
    optimizer = adamw(model)
    step(model, optimizer, data, c)  # allocates
    cpu, begin = time.process_time(), time.perf_counter()
    for _ in range(steps):
        step(model, optimizer, data, c)
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"tokens_per_second": steps * c.batch * c.context / seconds, "cpu_seconds": cpu / steps, "peak_bytes": peak}


def mean_loss(model, batches):
    with torch.no_grad():
        return sum(model(x, y).item() * len(x) for x, y in batches) / sum(len(x) for x, _ in batches)


def quality(c, text):
    """2000 steps, warm-up of 100, cosine from 1e-3 to 1e-4; nanoGPT's estimate from 20 batches, and the whole split."""
    steps, warmup, high, low = 2000, 100, 1e-3, 1e-4

    def rate_of(i):
        if i < warmup:
            return high * (i + 1) / (warmup + 1)
        return low + 0.5 * (1 + math.cos(math.pi * (i - warmup) / (steps - warmup))) * (high - low)

    characters = sorted(set(text))
    data = torch.tensor([characters.index(ch) for ch in text])
    train, validation = data[:int(0.9 * len(data))], data[int(0.9 * len(data)):]
    model = Model(dataclasses.replace(c, vocab=len(characters)))
    optimizer = adamw(model)
    for i in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate_of(i)
        step(model, optimizer, train, c)
    drawn = [batch_of(validation, c) for _ in range(20)]
    count = (len(validation) - 1) // c.context
    x, y = validation[:count * c.context].view(count, -1), validation[1:count * c.context + 1].view(count, -1)
    whole = list(zip(x.split(64), y.split(64)))
    return {"drawn_loss": mean_loss(model, drawn), "whole_loss": mean_loss(model, whole)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["speed", "quality"])
    parser.add_argument("configuration", choices=CONFIGURATIONS)
    parser.add_argument("threads", type=int)
    parser.add_argument("argument", help="steps, or the text")
    parser.add_argument("--seed", type=int, default=1337)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    c = CONFIGURATIONS[a.configuration]
    result = speed(c, int(a.argument)) if a.what == "speed" else quality(c, pathlib.Path(a.argument).read_text())
    print(json.dumps(result))


if __name__ == "__main__":
    main()
