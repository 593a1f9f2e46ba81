"""split_vectors: how the published expressions cut texts, by Debian's python3-regex. Writes split_vectors.json beside itself.

Each expression is taken from the models' own tokenizer.json, `default` from llama.cpp's llama-vocab.cpp. Stages follow each other as Hugging Face's Sequence of Split parts with
behavior Isolated does it: every match and every gap is a piece, and the next stage works within each piece. Falcon's last two stages
work on the characters by which byte-level tokenizers write bytes. Pieces are stored as their lengths in bytes of UTF-8.
"""
import json
import os
import random

import regex

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")
CJK = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"
CASED = (
    "A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293\u0295-\u02af\u0370-\u0373\u0376\u0377"
    "\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03f5\u03f7-\u0481\u048a-\u052f\u0531-\u0556\u10a0"
    "-\u10c5\u13a0-\u13f5\u13f8-\u13fd\u1c90-\u1cba\u1cbd-\u1cbf\u1d00-\u1d2b\u1d6b-\u1d77\u1d79-\u1d9a\u1e00-\u1f15\u1f18"
    "-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59\u1f5b\u1f5d\u1f5f-\u1f7d\u1f80-\u1fb4\u1fb6-\u1fbc\u1fbe\u1fc2"
    "-\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3\u1fd6-\u1fdb\u1fe0-\u1fec\u1ff2-\u1ff4\u1ff6-\u1ffc\u2102\u2107\u210a-\u2113\u2115"
    "\u2119-\u211d\u2124\u2126\u2128\u212a-\u212d\u212f-\u2134\u2139\u213c-\u213f\u2145-\u2149\u214e\u2183\u2184\u2c00"
    "-\u2c7b\u2c7e-\u2ce4\u2ceb-\u2cee\u2cf2\u2cf3\ua640-\ua66d\ua680-\ua69b\ua722-\ua76f\ua771-\ua787\ua78b-\ua78e\uab70"
    "-\uabbf\ufb00-\ufb06\ufb13-\ufb17\uff21-\uff3a\uff41-\uff5a\U00010400-\U0001044f\U000104b0-\U000104d3\U000104d8-\U000104fb"
    "\U00010c80-\U00010cb2\U00010cc0-\U00010cf2\U000118a0-\U000118df\U0001e900-\U0001e943")
RULES = {
    "gpt-2": [GPT2],
    "mpt": [GPT2],
    "llama-bpe": [LLAMA3],
    "qwen2": [LLAMA3.replace("{1,3}", "")],
    "starcoder": [r"\p{N}", GPT2],
    "refact": [r"\p{N}", GPT2],
    "deepseek-coder": [r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", CJK, r"\p{N}"],
    "deepseek-llm": [r"[\r\n]", r"\s?[%s]+" % CASED, "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+", r"\s+$", CJK,
                     r"\p{N}"],
    "falcon": [r"[\p{P}$+<=>^`|~]+", GPT2],
    "default": [r"[\p{P}$+<=>^|~]+", GPT2, r"\p{N}+", "[0-9][0-9][0-9]"],
}
ON_BYTES = {"falcon": [r"\p{N}+", "[0-9][0-9][0-9]"]}

WRITTEN = [
    "Hello, y'all! How are you \U0001f601 ?我想在apple工作1314151天～", "I'LL we'Ve don'T it'S he'\u017f 'sss 'S's", "''''s ' s 're'REre",
    "   leading\tand \n\n trailing   ", "\r\n\r\n  x\r\n \n\t\n", "a\u00a0b\u3000\u3000c \u3000。", "123456789 12 1,234.5 \u00bd\u00b23\u2167",
    "\u043c and \u043c\u0438\u0440 999", "x\u00b2y12\u00bd3456", "\u0663\u0664\u0665 \u0967\u0968", "e\u0301te\u0301 na\u00efve", "$9.99 <=> ^~`| a+b=c",
    "한국어 텍스트입니다 ab한cd", "ÀbcÉ Ωmega ʰ ªº ǅ", "«quoted» “x” ‘y’ ¡¿", "\U0001f468\u200d\U0001f469\u200d\U0001f467 \ufe0f\u20e3", "_under_score__ __init__(self):",
    "\u2028\u2029\u0085\x1c\x1f\x0b\x0c.", " ", "\n", "\u3000", "!!!\n\n??\r\n", "a1b22c333d4444e", "ฉันเรียน \u0e51\u0e52", "\u1680\u180e\u200b\ufeffz",
]
ALPHABET = (list("aBzZ059'sStTrReEvVmMlLdD \t\n\r!-_.,$+<=>^`|~\"(") + [" ", "  ", "'ll", "'RE", "\r\n", "12", "\u00e9", "\u00bd", "\u00b2", "\u0663",
            "\u2167", "\u00a0", "\u3000", "\u2028", "\u3002", "\uff01", "\u4e2d", "\u9fa5", "\u9fa6", "\ud55c", "\u30ab", "\u0301", "\u017f", "\u01c5",
            "\u00aa", "\u02b0", "\u1fbe", "\u212a", "\u2126", "\u03c9", "\u0438", "\u20ac", "\u200d", "\U0001f600", "\U00010400", "\U0001e900", "\u0e01", "\u0967"])


def byte_alphabet():
    visible = list(range(0x21, 0x7f)) + list(range(0xa1, 0xad)) + list(range(0xae, 0x100))
    others = iter(range(0x100, 0x200))
    return [chr(b) if b in visible else chr(next(others)) for b in range(256)]


def isolated(pieces, pattern):
    out = []
    for piece in pieces:
        at = 0
        for match in regex.finditer(pattern, piece):
            out += [piece[at:match.start()], match.group()]
            at = match.end()
        out.append(piece[at:])
    return [piece for piece in out if piece]


def lengths(name, text):
    pieces = [text]
    for pattern in RULES[name]:
        pieces = isolated(pieces, pattern)
    alphabet = byte_alphabet()
    mapped = ["".join(alphabet[b] for b in piece.encode("utf-8")) for piece in pieces]
    for pattern in ON_BYTES.get(name, []):
        mapped = isolated(mapped, pattern)
    return [len(piece) for piece in mapped]


def main():
    chance = random.Random(5)
    texts = WRITTEN + ["".join(chance.choice(ALPHABET) for _ in range(chance.randint(2, 30))) for _ in range(160)]
    lines = []
    for text in texts:
        told = {name: lengths(name, text) for name in RULES if name not in ("mpt", "refact")}
        lines.append(json.dumps([text, told], separators=(",", ":")))
    out = os.path.join(os.path.dirname(os.path.abspath(__file__)), "split_vectors.json")
    with open(out, "w", encoding="ascii") as file:
        file.write("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
