#!/usr/bin/python3
"""reference_math: writes math.json, golden values of scalar functions and conversions of number formats.

Functions are computed with 120 decimal digits (python's decimal; its exp is correctly rounded, erf and sin are the
series below) and then rounded once to float64. Conversions are computed from the definition with exact fractions and
must agree with numpy's. Needs Python 3.9 and numpy.

    reference_math.py           write math.json
    reference_math.py --check   compute again and compare; also with mpmath, where it is installed

A number written as an integer is a bit pattern (of float32, float16 or bfloat16) or a phase; one with a point or an
exponent is a float64. Each table is a list of rows:
    exp, silu, gelu_tanh, gelu_erf   [x: float32 bits, f(x): float64]
    turn                             [phase: u32, sin, cos of 2 pi phase / 2^32: float64]
    sqrt                             [x: float32 bits, nearest float32 of the root: bits]
    f32_to_f16                       [float32 bits, float16 bits]     to nearest, ties to even; beyond 65520: infinity
    f16_to_f32                       [float16 bits, float32 bits]     exact
    f32_to_bf16                      [float32 bits, bfloat16 bits]    to nearest, ties to even
    f32_to_bf16_up                   [float32 bits, bfloat16 bits]    x >= 0 only: smallest bfloat16 that is not below x
NaN is left out of all of them but f16_to_f32 and f32_to_f16, where any NaN is right for a NaN.

Sources: Hendrycks, Gimpel 2016 (gelu); Abramowitz, Stegun 1964, 7.1.5 (erf); IEEE 754-2019 (formats, rounding).
"""

import argparse
import json
import pathlib
import struct
import sys
from decimal import Decimal, getcontext
from fractions import Fraction

import numpy as np

OUTPUT = pathlib.Path(__file__).resolve().parent / "math.json"

getcontext().prec = 120
getcontext().Emin, getcontext().Emax = -10**6, 10**6
PI = Decimal("3.1415926535897932384626433832795028841971693993751058209749445923078164062862089986280348253421170679")
SMALL = Decimal(10) ** -120


def f32_bits(x: float) -> int:
    return struct.unpack("<I", struct.pack("<f", x))[0]


def f32_value(bits: int) -> float:
    return struct.unpack("<f", struct.pack("<I", bits))[0]


# ---- functions, Decimal -> Decimal -------------------------------------------------------------------------------------


def silu(x: Decimal) -> Decimal:
    return x / (1 + (-x).exp())


def gelu_tanh(x: Decimal) -> Decimal:
    """0.5 x (1 + tanh u) = x / (1 + e^(-2u)), u = sqrt(2 / pi) (x + 0.044715 x^3)."""
    u = (2 / PI).sqrt() * (x + Decimal("0.044715") * x**3)
    return x / (1 + (-2 * u).exp())


def erf(x: Decimal) -> Decimal:
    """2 / sqrt(pi) times the sum of (-1)^n x^(2n+1) / (n! (2n+1)). Its terms reach e^(x^2), which costs digits."""
    power, total, n = x, x, 0
    while abs(power) > SMALL:
        n += 1
        power *= -x * x / n
        total += power / (2 * n + 1)
    return total * 2 / PI.sqrt()


def gelu_erf(x: Decimal) -> Decimal:
    """x / 2 (1 + erf(x / sqrt 2)). At x = -12 terms of 1e31 leave 1e-33: of 100 digits of pi some 67 remain."""
    assert abs(x) <= 12
    return x / 2 * (1 + erf(x / Decimal(2).sqrt()))


def sin_turns(turns: Fraction) -> Decimal:
    """sin(2 pi turns), exact at multiples of a quarter: reduced to [-1/4, 1/4], then the power series."""
    turns -= round(turns)                                       # [-1/2, 1/2]
    if abs(turns) > Fraction(1, 4):
        turns = (Fraction(1, 2) if turns > 0 else Fraction(-1, 2)) - turns
    if abs(turns) == Fraction(1, 4):
        return Decimal(1 if turns > 0 else -1)
    x = 2 * PI * turns.numerator / turns.denominator
    power, total, n = x, x, 1
    while abs(power) > SMALL:
        n += 2
        power *= -x * x / (n * (n - 1))
        total += power
    return total


def cos_turns(turns: Fraction) -> Decimal:
    return sin_turns(turns + Fraction(1, 4))


# ---- number formats ----------------------------------------------------------------------------------------------------


class Format:
    """An IEEE binary format with `exponent_bits` and `fraction_bits`; patterns of its finite numbers >= 0 ascend."""

    def __init__(self, exponent_bits: int, fraction_bits: int):
        self.fraction_bits = fraction_bits
        self.bias = (1 << (exponent_bits - 1)) - 1
        self.infinity = ((1 << exponent_bits) - 1) << fraction_bits
        self.sign = 1 << (exponent_bits + fraction_bits)

    def value(self, bits: int) -> Fraction:
        """The number of a pattern >= 0; that of infinity is the next power of two, where rounding to it begins."""
        exponent, fraction = bits >> self.fraction_bits, bits & ((1 << self.fraction_bits) - 1)
        if exponent:
            fraction += 1 << self.fraction_bits
        return Fraction(fraction) * Fraction(2) ** (max(exponent, 1) - self.bias - self.fraction_bits)

    def down(self, x: Fraction) -> int:
        """The pattern of the largest number that is not above x >= 0, by bisection."""
        low, high = 0, self.infinity
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.value(middle) <= x else (low, middle - 1)
        return low

    def up(self, x: Fraction) -> int:
        bits = self.down(x)
        return bits if self.value(bits) == x else min(bits + 1, self.infinity)

    def nearest(self, x: Fraction) -> int:
        """Ties go to the even pattern."""
        below, above = self.down(x), self.up(x)
        left, right = x - self.value(below), self.value(above) - x
        if left == right:
            return below if below % 2 == 0 else above
        return below if left < right else above


F32, F16, BF16 = Format(8, 23), Format(5, 10), Format(8, 7)


def convert(bits: int, source: Format, target: Format) -> int:
    """A pattern of `source`, with its sign, as the nearest of `target`."""
    sign, magnitude = (target.sign if bits & source.sign else 0), bits & (source.sign - 1)
    if magnitude > source.infinity:
        return sign | target.infinity | 1 << (target.fraction_bits - 1)
    if magnitude == source.infinity:
        return sign | target.infinity
    return sign | target.nearest(source.value(magnitude))


def sqrt_f32(bits: int) -> int:
    """The float32 nearest to the root of a float32 >= 0, by comparing squares of the midpoints between neighbours."""
    x = F32.value(bits)
    low, high = 0, F32.infinity
    while low < high:                                            # largest root with root^2 <= x
        middle = (low + high + 1) // 2
        low, high = (middle, high) if F32.value(middle) ** 2 <= x else (low, middle - 1)
    midpoint = (F32.value(low) + F32.value(low + 1)) / 2         # has 25 bits, so its square is never a float32: no ties
    return low if midpoint**2 > x else low + 1


# ---- inputs ------------------------------------------------------------------------------------------------------------


class Random:
    """Knuth's 64-bit linear congruential numbers (MMIX); the upper 32 bits of each."""

    def __init__(self, seed: int):
        self.state = seed

    def u32(self) -> int:
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return self.state >> 32

    def between(self, low: float, high: float) -> int:
        """The bits of a float32."""
        return f32_bits(low + (high - low) * (self.u32() / 2**32))


def points(seed: int, low: float, high: float, chosen: list) -> list:
    """float32 patterns: the chosen ones, then some in all of [low, high] and near 0."""
    random = Random(seed)
    bits = [f32_bits(x) for x in [low, high] + chosen]
    bits += [random.between(low, high) for _ in range(12)]
    return bits + [random.between(-2.0, 2.0) for _ in range(40 - len(bits))]


NEAR_ZERO = [0.0, -0.0, 2.0**-149, -(2.0**-149), 2.0**-126, 1e-20, -1e-20, 2.0**-24, -(2.0**-24), 2.0**-12, -(2.0**-12)]
LN2 = 0.6931471805599453
TWO32 = 2**32


def sqrt_inputs() -> list:
    random = Random(5)
    bits = [0, 1, 2, 3, 0x7F, 0x1234, 0x7FFFFF, 0x800000, 0x800001, 0x7F7FFFFF]   # denormals, ends of the range
    bits += [f32_bits(x) for x in (1.0, 2.0, 3.0, 4.0, 0.25, 1e-5, 1e-6, 16777215.0)]
    bits += [f32_bits(1.0) - 1, f32_bits(1.0) + 1, f32_bits(4.0) - 1, f32_bits(4.0) + 1]
    return bits + [random.u32() % F32.infinity for _ in range(40 - len(bits))]


def f16_inputs() -> list:
    """float32 patterns about what float16 does: exact, ties both ways, denormals, underflow, overflow, NaN."""
    h = 2.0**-24                                                  # the least float16
    values = [0.0, -0.0, 1.0, -2.0, 0.1, -0.1, 65504.0, 1 + 2.0**-10,
              1 + 2.0**-11, 1 + 3 * 2.0**-11, -(1 + 2.0**-11), 2048.0 + 1, 2048.0 + 3,          # ties
              h, h / 2, -h / 2, 3 * h / 2, 5 * h / 2, h / 4, 1023 * h, 1023.5 * h, 1024 * h, 2.0**-149, -1e-30]
    bits = [f32_bits(x) for x in values]
    bits += [f32_bits(1 + 2.0**-11) - 1, f32_bits(1 + 2.0**-11) + 1, f32_bits(h / 2) - 1, f32_bits(h / 2) + 1]
    bits += [f32_bits(65520.0) - 1, f32_bits(65520.0), f32_bits(-65520.0), 0x7F7FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000]
    random = Random(6)
    return bits + [random.between(-8.0, 8.0) for _ in range(42 - len(bits))]


def bf16_inputs() -> list:
    """float32 patterns, also negative: exact, ties to even both ways, neighbours of ties, denormals, ends of the range."""
    bits = [0, 0x80000000, 0x3F800000, 0xC0000000, 0x3F808000, 0x3F818000, 0x3F807FFF, 0x3F808001, 0x3F800001,
            0x3F80FFFF, 0x3FFFFFFF, 0x3FFF8000, 0xBF808000, 0xBF818000, 1, 0x7FFF, 0x8000, 0x8001, 0x18000, 0x7FFFFF,
            0x7F8000, 0x800000, 0x80008000, 0x80018000, 0x7F7F0000, 0x7F7F7FFF, 0x7F7F8000, 0x7F7FFFFF, 0xFF7FFFFF,
            0x7F800000, 0xFF800000]
    random = Random(7)
    return bits + [random.u32() % F32.infinity | random.u32() & F32.sign for _ in range(42 - len(bits))]


# ---- tables ------------------------------------------------------------------------------------------------------------


def everything() -> dict:
    """name -> rows, as the head of this file describes them."""
    functions = {
        "exp": (Decimal.exp, points(1, -87.0, 88.0, NEAR_ZERO + [1.0, -1.0, LN2, -LN2, LN2 / 2, -LN2 / 2, 63.5 * LN2])),
        "silu": (silu, points(2, -87.0, 88.0, NEAR_ZERO + [1.0, -1.0, -1.2784645, 17.0, -17.0])),
        "gelu_tanh": (gelu_tanh, points(3, -9.0, 12.0, NEAR_ZERO + [1.0, -1.0, -0.7517916, 3.0, -3.0, 5.0, -5.0])),
        "gelu_erf": (gelu_erf, points(4, -12.0, 12.0, NEAR_ZERO + [1.0, -1.0, -0.7517916, 3.0, -3.0, 5.0, -5.0])),
    }
    tables = {name: [[bits, float(f(Decimal(f32_value(bits))))] for bits in inputs]
              for name, (f, inputs) in functions.items()}
    random = Random(8)
    phases = [0, 1, TWO32 - 1, TWO32 // 2 - 1, TWO32 // 2, TWO32 // 2 + 1, TWO32 // 12, TWO32 // 6, TWO32 // 3]
    phases += [i * TWO32 // 8 for i in range(1, 8) if i != 4]
    phases += [TWO32 // 4 - 1, TWO32 // 4 + 1, 3 * (TWO32 // 4) - 1, 3 * (TWO32 // 4) + 1, 683565276]   # the last: 1 radian
    phases += [random.u32() for _ in range(40 - len(phases))]
    tables["turn"] = [[p, float(sin_turns(Fraction(p, TWO32))), float(cos_turns(Fraction(p, TWO32)))] for p in phases]
    tables["sqrt"] = [[bits, sqrt_f32(bits)] for bits in sqrt_inputs()]
    tables["f32_to_f16"] = [[bits, convert(bits, F32, F16)] for bits in f16_inputs()]
    random = Random(9)
    halves = [0, 0x8000, 1, 0x8001, 2, 0x200, 0x3FF, 0x400, 0x401, 0x3C00, 0xBC00, 0x3555, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00,
              0x7E00]
    halves += [random.u32() >> 16 & 0xBBFF for _ in range(40 - len(halves))]                   # finite
    tables["f16_to_f32"] = [[bits, convert(bits, F16, F32)] for bits in halves]
    tables["f32_to_bf16"] = [[bits, convert(bits, F32, BF16)] for bits in bf16_inputs()]
    tables["f32_to_bf16_up"] = [[bits, BF16.up(F32.value(bits))] for bits in bf16_inputs() if bits <= F32.infinity]
    return tables


def cross_check(tables: dict) -> None:
    """numpy's conversions and square root, and mpmath's functions where it is installed, give the same. Raises if not."""
    with np.errstate(over="ignore"):
        for bits, half in tables["f32_to_f16"]:
            assert int(np.array(bits, "<u4").view("<f4").astype("<f2").view("<u2")) == half, hex(bits)
        for half, bits in tables["f16_to_f32"]:
            assert int(np.array(half, "<u2").view("<f2").astype("<f4").view("<u4")) == bits, hex(half)
        for bits, root in tables["sqrt"]:
            assert int(np.sqrt(np.array(bits, "<u4").view("<f4")).view("<u4")) == root, hex(bits)
        for bits, upper in tables["f32_to_bf16"]:                 # the integer rule: add half, less one if even, cut
            assert (bits + 0x7FFF + (bits >> 16 & 1)) >> 16 == upper, hex(bits)
        for bits, upper in tables["f32_to_bf16_up"]:
            assert (bits + 0xFFFF) >> 16 == upper, hex(bits)
    try:
        import mpmath as m
    except ImportError:
        print("no mpmath here: functions not compared")
        return
    m.mp.prec = 400
    functions = {
        "exp": m.exp,
        "silu": lambda x: x / (1 + m.exp(-x)),
        "gelu_tanh": lambda x: x / 2 * (1 + m.tanh(m.sqrt(2 / m.pi) * (x + m.mpf("0.044715") * x**3))),
        "gelu_erf": lambda x: x / 2 * m.erfc(-x / m.sqrt(2)),
    }
    for name, f in functions.items():
        for bits, y in tables[name]:
            assert float(f(m.mpf(f32_value(bits)))) == y, (name, hex(bits))
    for phase, sine, cosine in tables["turn"]:
        angle = m.mpf(phase) / TWO32 * 2
        assert (float(m.sinpi(angle)), float(m.cospi(angle))) == (sine, cosine), hex(phase)
    print("mpmath gives the same")


def main() -> int:
    parser = argparse.ArgumentParser(description="Write math.json, or check it.")
    parser.add_argument("--check", action="store_true", help="compare with math.json instead of writing it")
    args = parser.parse_args()
    tables = everything()
    lines = [f'"{name}":{json.dumps(rows, separators=(",", ":"))}' for name, rows in tables.items()]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    cross_check(tables)
    if args.check:
        same = OUTPUT.read_text() == text
        print(f"{OUTPUT.name}: {'the same' if same else 'different'}")
        return 0 if same else 1
    OUTPUT.write_text(text)
    print(f"{OUTPUT.name}: {len(text)} bytes,", ", ".join(f"{name} {len(rows)}" for name, rows in tables.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
