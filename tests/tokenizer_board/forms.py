"""forms: Unicode's normalization forms on a board in its emulator: those of Python's unicodedata.  forms.py BOARD TEXTS_FOR_BOARD BUILDS"""
import json
import os
import sys

from on_board import HERE, firmware, tokens_on

FORMS = ["NFC", "NFD", "NFKC", "NFKD"]


def byte_alphabet():
    """The characters that stand for bytes in byte-level vocabularies, by byte."""
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in visible]
    return [chr(b) if b in visible else chr(256 + others.index(b)) for b in range(256)]


def tokenizer_of_bytes(form):
    """A token is a byte, so that tokens show what a text became."""
    vocab = {text: byte for byte, text in enumerate(byte_alphabet())}
    return {"added_tokens": [], "normalizer": {"type": form}, "decoder": {"type": "ByteLevel"},
            "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False},
            "model": {"type": "BPE", "vocab": vocab, "merges": []}}


def main():
    board, texts_for_board, builds = sys.argv[1:]
    with open(os.path.join(HERE, "../host/unicode_forms.json"), encoding="utf-8") as file:
        vectors = json.load(file)["texts"]
    program = firmware.build(board, "tokenizer_board", builds)
    failed = False
    for form in FORMS:
        got = tokens_on(board, program, texts_for_board, tokenizer_of_bytes(form), [v["text"] for v in vectors])
        passed = sum(bytes(tokens) == v[form].encode() for tokens, v in zip(got, vectors))
        print("%s on %s: %d of %d" % (form, board, passed, len(vectors)))
        failed |= passed != len(vectors) or len(got) != len(vectors)
    return failed


sys.exit(main())
