#!/usr/bin/python3
"""unicode_forms: texts in Unicode's normalization forms, by Python's unicodedata. Writes unicode_forms.json beside itself.

Beside texts that are hard for a reason there are random ones, of which only a sum is stored (zlib.crc32): 24 characters each out of
`alphabet`, by the generator below. Assigned characters keep their forms in every later version of Unicode.
"""
import json
import os
import unicodedata
import zlib

FORMS = ["NFC", "NFD", "NFKC", "NFKD"]
RANDOM_TEXTS, CHARACTERS = 4000, 24

TEXTS = [
    "plain ASCII <|im_end|>", "\u00e9t\u00e9 na\u00efve \u00c5ngstr\u00f6m", "e\u0301te\u0301 nai\u0308ve A\u030angstro\u0308m",
    "\u212b \u2126 \u212a \u037e \u1fef",                     # characters that are others
    "Vie\u0323\u0302t a\u0302\u0323 a\u0323\u0302 \u1ead",    # three parts, in both orders
    "a\u0315\u0300\u05ae\u0301b", "a\u0316\u0301\u0316\u0301", "a\u0301\u0301\u0323",
    "\u0301\u0300 at the start", "\u0344\u0308\u0301", "\u0f71\u0f72\u0f74 \u0f73\u0f75\u0f81",
    "\u1100\u1161\u11a8 \uac00\u11a8 \uac01 \u1100\u1161 \u1161\u11a8 \uac01\u11a8 \uac00\u11a7 \uac00\u0301\u11a8",
    "\u0958\u0921\u093c \u09c7\u09be \u09c7\u0301\u09be \u0b47\u0b56 \u0dd9\u0dcf\u0dca",
    "\U0001d15f\U0001d160\U0001d164 \U0001d157\U0001d165", "\U0001109a \U00011099\U000110ba \U00011131\U00011127",
    "\uf900\ufa2d\U0002f800\U0002fa1d \u8c48", "\ufb1d\ufb2c\u05e9\u05bc\u05c1", "\u03b1\u0313\u0300\u0345 \u1f82 \u1fb3\u0301",
    "\u226e <\u0338 >\u0338 =\u0338 \u2adc", "\ufb01 \u00bd x\u00b2 \u2460 \uff21\uff76\uff9e \u3300 \ufdfa \u00a0\u2003|",
    "\u0d4a\u0d46\u0d3e \u1b06 \u1b05\u1b35 \u304b\u3099 \u304c \u30f2\u3099", "\U0001f600\u200d\U0001f525\ufe0f", "\u0130\u0131 \u01c4 \u01d5\u0304",
    "\u1e9b\u0323 \u1e9b \u0323\u1e9b", "q\u0307\u0323 \u1e69 s\u0323\u0307 \u1e0b\u0323",
]

ALPHABET = sorted(set(
    [*map(ord, "aAeEiouUsS <=>kKd1\n"), *range(0x300, 0x346, 3), 0x323, 0x327, 0x328, 0x338, 0x345, 0x34f, 0x360, 0x59a, 0x5ae, 0x5bf, 0x64b, 0x651, 0x654,
     0x93c, 0x94d, 0x9be, 0x9c7, 0x9d7, 0xb3e, 0xb47, 0xb56, 0xbbe, 0xbd7, 0xcc2, 0xcd5, 0xd3e, 0xd46, 0xdcf, 0xdd9, 0xe38, 0xf71, 0xf72, 0xf73, 0xf74, 0xf80,
     0x1025, 0x102e, 0x1100, 0x1101, 0x1112, 0x1161, 0x1162, 0x1175, 0x11a7, 0x11a8, 0x11c2, 0xac00, 0xac01, 0xac1c, 0xd788, 0xd7a3, 0x302a, 0x3099, 0x309a,
     0x304b, 0x30ab, 0x30f2, 0x110ba, 0x11099, 0x1109b, 0x11127, 0x11131, 0x114b9, 0x114ba, 0x1d157, 0x1d15f, 0x1d160, 0x1d165, 0x1d16e, 0x1e8d0, 0xe9, 0xc5,
     0xc7, 0x1d5, 0x1e69, 0x1ead, 0x1f82, 0x1fb3, 0x3b1, 0x3b9, 0x2126, 0x212b, 0x958, 0x2f800, 0xf900, 0x4f60, 0x20ac, 0x1f600]))


class Random:
    """A linear congruential generator; draws come from its upper half."""

    def __init__(self):
        self.state = 1

    def below(self, n):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 32) % n


def random_texts():
    random = Random()
    for _ in range(RANDOM_TEXTS):
        yield "".join(chr(ALPHABET[random.below(len(ALPHABET))]) for _ in range(CHARACTERS))


def main():
    told = {"unicode": unicodedata.unidata_version, "alphabet": ALPHABET, "random_texts": RANDOM_TEXTS, "characters": CHARACTERS, "sums": {}, "texts": []}
    for text in TEXTS:
        told["texts"].append({"text": text, **{form: unicodedata.normalize(form, text) for form in FORMS}})
    for form in FORMS:
        told["sums"][form] = zlib.crc32("".join(unicodedata.normalize(form, text) for text in random_texts()).encode())
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "unicode_forms.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(told, file, indent=1)
        file.write("\n")


main()
