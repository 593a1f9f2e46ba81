"""run: llama.cpp's tokenizer vectors on a board in its emulator.  run.py BOARD TEXTS_FOR_BOARD SHARED_DATA BUILDS"""
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import firmware

# Vectors, the tokenizer's source, and whether decoding gives the text back: WordPiece keeps neither case nor spaces.
CASES = [
    ("gpt-2", "tokenizers/gpt2", True),
    ("llama-spm", "weights/llama2c/tokenizer_llama2.bin", True),
    ("qwen2", "tokenizers/qwen2/qwen.tiktoken", True),
    ("bert-bge", "tokenizers/bert/bert_base_uncased_vocab.txt", False),
]


def vectors_pass(told, expected, round_trip):
    lines = told.splitlines()
    passed = 0
    for line, want in zip(lines, expected):
        ids = line.replace(" differs", "").split()
        passed += ids == want.split() and (not round_trip or "differs" not in line)
    return passed if len(lines) == len(expected) else 0


def main():
    board, texts_for_board, data, builds = sys.argv[1:]
    if not os.path.exists(os.path.join(data, "tokenizers/llamacpp")):
        print("skipped: no", data)
        return 77
    program = firmware.build(board, "tokenizer_board", builds)
    failed = False
    for name, source, round_trip in CASES:
        vectors = os.path.join(data, "tokenizers/llamacpp/ggml-vocab-%s.gguf" % name)
        with open(vectors + ".out", encoding="utf-8") as file:
            expected = file.read().splitlines()
        with tempfile.TemporaryDirectory() as folder:
            blob = os.path.join(folder, "texts.bin")
            firmware.quiet([texts_for_board, os.path.join(data, source), vectors + ".inp", blob])
            passed = vectors_pass(firmware.run(board, program, model=blob), expected, round_trip)
        print("%s on %s: %d of %d" % (name, board, passed, len(expected)))
        failed |= passed != 46
    return failed


sys.exit(main())
