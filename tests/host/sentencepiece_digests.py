#!/usr/bin/python3
"""sentencepiece_digests: what SentencePiece's own encoder makes of real texts, line by line, as digests.

    sentencepiece_digests.py SHARED_DATA > sentencepiece_digests.json

Needs python3-sentencepiece. A digest is FNV-1a (64 bits) over the ids of each line, 4 bytes each, little-endian, and 0xffffffff after
each line. `sample` covers every 16th line, from the first on, and is what a test has time for; `all` covers every line.
"""

import json
import pathlib
import struct
import sys

import sentencepiece

MODELS = ["tokenizers/sentencepiece/test_model.model", "tokenizers/sentencepiece/test_ja_model.model", "tokenizers/t5/t5_spiece.model",
          "tokenizers/sentencepiece/en.wiki.bpe.vs10000.model", "weights/llama2c/tokenizer_llama2.model"]
FOLDERS = ["text/en", "text/instruct", "text/preference", "text/ru", "text/zh"]
FILES = ["tokenizers/sentencepiece/botchan.txt", "unicode/blns.txt", "unicode/UTF-8-test.txt", "unicode/utf8tests.txt", "unicode/utf8tests.bin",
         "unicode/utf8.replace.ref.txt", "unicode/utf8.skip.ref.txt"]
STRIDE = 16


def fnv(data, state):
    for byte in data:
        state = (state ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return state


def digests(processor, path):
    every, sample, tokens = 0xCBF29CE484222325, 0xCBF29CE484222325, 0
    for number, line in enumerate(path.read_bytes().split(b"\n")):
        ids = processor.EncodeAsIds(line)
        data = struct.pack(f"<{len(ids)}I", *ids) + b"\xff\xff\xff\xff"
        every = fnv(data, every)
        if number % STRIDE == 0:
            sample = fnv(data, sample)
        tokens += len(ids)
    return {"tokens": tokens, "sample": f"{sample:016x}", "all": f"{every:016x}"}


def main():
    shared = pathlib.Path(sys.argv[1])
    files = [str(f.relative_to(shared)) for folder in FOLDERS for f in sorted((shared / folder).iterdir())] + FILES
    out = {"stride": STRIDE, "models": {}}
    for model in MODELS:
        processor = sentencepiece.SentencePieceProcessor(model_file=str(shared / model))
        out["models"][model] = {f: digests(processor, shared / f) for f in files}
    print(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
