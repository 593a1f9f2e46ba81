#!/usr/bin/python3
"""wordpiece_vectors: a WordPiece vocabulary learnt by the plainest loops, in Python. Writes wordpiece_vectors.json beside itself.

Words: cut by GPT-2's expression (python3-regex), then cleaned and cut as tokenization.py of google-research/bert does (unicodedata). A word
is its first character and the others with ##. Again and again the most frequent pair becomes a piece; of equally frequent ones the greater
in byte order, left part first, where a piece that begins a word is written with a space in front.
"""
import collections
import json
import os
import random
import unicodedata

import regex

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CONTROL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def is_punctuation(c):
    code = ord(c)
    ascii_mark = 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126
    return ascii_mark or unicodedata.category(c).startswith("P")


def is_chinese(c):
    return any(a <= ord(c) <= b for a, b in [(0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0xF900, 0xFAFF)])


def bert_words(text):
    cleaned = ""
    for c in text:
        if ord(c) in (0, 0xFFFD) or (unicodedata.category(c).startswith("C") and c not in "\t\n\r"):
            continue
        cleaned += " " + c + " " if is_chinese(c) else " " if c.isspace() else c
    lower = "".join(c for c in unicodedata.normalize("NFD", cleaned.lower()) if unicodedata.category(c) != "Mn")
    return "".join(" " + c + " " if is_punctuation(c) else c for c in lower).split()


def learn(text, vocab):
    counts = collections.Counter()
    for piece in regex.findall(GPT2, text):
        counts.update(bert_words(piece))
    words = [([" " + word[0]] + list(word[1:]), count) for word, count in counts.items()]
    begin = {" " + c for word in counts for c in word}
    within = {c for word in counts for c in word[1:]}
    pieces = sorted(begin, key=str.encode) + sorted(within, key=str.encode)
    while len(pieces) + len(CONTROL) < vocab:
        pairs = collections.Counter()
        for word, count in words:
            for pair in zip(word, word[1:]):
                pairs[pair] += count
        if not pairs:
            break
        left, right = max(pairs, key=lambda pair: (pairs[pair], pair[0].encode(), pair[1].encode()))
        for word, _ in words:
            i = 0
            while i + 1 < len(word):
                if (word[i], word[i + 1]) == (left, right):
                    word[i:i + 2] = [left + right]
                i += 1
        if left + right not in pieces:
            pieces.append(left + right)
    return CONTROL + [p[1:] if p[0] == " " else "##" + p for p in pieces]


def some_text():
    draw = random.Random(7)
    stems = ["walk", "Talk", "caf\u00e9", "na\u00efve", "stra\u00dfe", "\u4f60\u597d", "don't", "re-do", "x1y22", "\u041c\u043e\u0441\u043a\u0432\u0430", "2024", "aaaa"]
    ends = ["", "s", "ing", "ed", "er", "!", ", ", "...", "\u3002", "\u200b", "\t"]
    return "".join(draw.choice(stems) + draw.choice(ends) + draw.choice([" ", "\n", "  ", " "]) for _ in range(600))


def main():
    text = some_text()
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wordpiece_vectors.json")
    with open(path, "w", encoding="ascii") as file:
        json.dump({"text": text, "vocab": {str(size): learn(text, size) for size in (100, 160, 1000)}}, file, indent=0)
        file.write("\n")


main()
