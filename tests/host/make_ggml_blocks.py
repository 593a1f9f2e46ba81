#!/usr/bin/python3
"""make_ggml_blocks: what blocks of every GGUF type decode to, by numpy from the description of the layouts (ggml-common.h of
llama.cpp gives the fields). Prints ggml_blocks.inc.

Each type gets 3 blocks of bytes from a generator (below, the same in the test), with the float16 scales set to sound values.
Arithmetic is float32 in the order in which ggml does it, so the values are exact; a type is checked by its first 8 values and by
an FNV-1a hash over all bits.
"""
import numpy as np

BLOCKS = 3


def random_bytes(count, seed):
    state, out = seed, bytearray()
    for _ in range(count):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        out.append(state >> 16 & 255)
    return np.frombuffer(bytes(out), np.uint8).copy()


def half(block, at):
    return np.frombuffer(block[at : at + 2].tobytes(), np.float16)[0].astype(np.float32)


def f(x):
    return np.asarray(x).astype(np.float32)


def nibbles(q):
    return np.concatenate([q & 15, q >> 4]).astype(np.int32)


def bit_list(q):
    return np.unpackbits(q, bitorder="little").astype(np.int32)


def q4_0(b):
    return f(nibbles(b[2:18]) - 8) * half(b, 0)


def q4_1(b):
    return f(nibbles(b[4:20])) * half(b, 0) + half(b, 2)


def q5_0(b):
    return f((nibbles(b[6:22]) + 16 * bit_list(b[2:6])) - 16) * half(b, 0)


def q5_1(b):
    return f(nibbles(b[8:24]) + 16 * bit_list(b[4:8])) * half(b, 0) + half(b, 2)


def q8_0(b):
    return f(b[2:34].view(np.int8)) * half(b, 0)


IQ4_NL = np.array([-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113], np.int32)


def iq4_nl(b):
    return half(b, 0) * f(IQ4_NL[nibbles(b[2:18])])


def crumbs(q):
    """64 bytes: for each half of 128, four planes of two bits over 32 bytes."""
    q = q.reshape(2, 1, 32)
    shift = np.array([0, 2, 4, 6]).reshape(1, 4, 1)
    return (q >> shift & 3).reshape(256).astype(np.int32)


def q2_k(b):
    scales, quants, d, low = b[0:16], b[16:80], half(b, 80), half(b, 82)
    scale = np.repeat(d * f(scales & 15), 16)
    minimum = np.repeat(low * f(scales >> 4), 16)
    return scale * f(crumbs(quants)) - minimum


def q3_k(b):
    high, quants, packed, d = b[0:32], b[32:96], b[96:108].astype(np.int32), half(b, 108)
    low4 = np.concatenate([packed[0:8] & 15, packed[0:8] >> 4])
    high2 = np.concatenate([packed[8:12] >> s & 3 for s in (0, 2, 4, 6)])
    scales = low4 + 16 * high2 - 32
    planes = np.concatenate([high >> i & 1 for i in range(8)]).astype(np.int32)
    return np.repeat(d * f(scales), 16) * f(crumbs(quants) - 4 + 4 * planes)


def scales_and_minima(p):
    p = p.astype(np.int32)
    scales = np.concatenate([p[0:4] & 63, p[8:12] & 15 | (p[0:4] >> 6) << 4])
    minima = np.concatenate([p[4:8] & 63, p[8:12] >> 4 | (p[4:8] >> 6) << 4])
    return scales, minima


def pairs_of_32(q):
    q = q.reshape(4, 1, 32)
    return (q >> np.array([0, 4]).reshape(1, 2, 1) & 15).reshape(256).astype(np.int32)


def q4_k(b):
    scales, minima = scales_and_minima(b[4:16])
    return np.repeat(half(b, 0) * f(scales), 32) * f(pairs_of_32(b[16:144])) - np.repeat(half(b, 2) * f(minima), 32)


def q5_k(b):
    scales, minima = scales_and_minima(b[4:16])
    high = np.concatenate([b[16:48] >> i & 1 for i in range(8)]).astype(np.int32)
    quants = pairs_of_32(b[48:176]) + 16 * high
    return np.repeat(half(b, 0) * f(scales), 32) * f(quants) - np.repeat(half(b, 2) * f(minima), 32)


def q6_k(b):
    low = b[0:128].reshape(2, 1, 64)
    low = (low >> np.array([0, 4]).reshape(1, 2, 1) & 15).reshape(256).astype(np.int32)
    quants = low + 16 * crumbs(b[128:192]) - 32
    return np.repeat(half(b, 208) * f(b[192:208].view(np.int8)), 16) * f(quants)


def q8_k(b):
    return b[0:4].view(np.float32)[0] * f(b[4:260].view(np.int8))


# name: id, bytes of a block, decode, places of float16 scales
TYPES = {
    "Q4_0": (2, 18, q4_0, [0]),
    "Q4_1": (3, 20, q4_1, [0, 2]),
    "Q5_0": (6, 22, q5_0, [0]),
    "Q5_1": (7, 24, q5_1, [0, 2]),
    "Q8_0": (8, 34, q8_0, [0]),
    "Q2_K": (10, 84, q2_k, [80, 82]),
    "Q3_K": (11, 110, q3_k, [108]),
    "Q4_K": (12, 144, q4_k, [0, 2]),
    "Q5_K": (13, 176, q5_k, [0, 2]),
    "Q6_K": (14, 210, q6_k, [208]),
    "Q8_K": (15, 292, q8_k, []),
    "IQ4_NL": (20, 18, iq4_nl, [0]),
}


def blocks_of(kind, size, scales):
    blocks = []
    for block in range(BLOCKS):
        b = random_bytes(size, 1000 * kind + block)
        for place, at in enumerate(scales):
            b[at + 1] = 0x2C + b[at + 1] % 8 + 4 * place  # from 2^-4 on
        if kind == 15:
            b[0:4] = np.frombuffer(np.float32(0.0078125 * (block + 1)).tobytes(), np.uint8)
        blocks.append(b)
    return blocks


def fnv(data):
    h = 0xCBF29CE484222325
    for byte in data:
        h = (h ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return h


print("// Made by make_ggml_blocks.py: id, name, first values, hash over the bits of all values of 3 blocks.")
for name, (kind, size, decode, scales) in TYPES.items():
    values = np.concatenate([decode(b) for b in blocks_of(kind, size, scales)])
    assert values.dtype == np.float32
    first = ", ".join(repr(float(v)) + "f" for v in values[:8])
    print(f'{{{kind}, "{name}", {{{first}}}, 0x{fnv(values.tobytes()):016x}u}},')
