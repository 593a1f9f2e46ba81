"""growth: that encoding costs O(n log n), in instructions counted on a Cortex-M4's emulator, for the texts that are worst for merges, splits,
Viterbi's search and normalization.  growth.py BOARD TEXTS_FOR_BOARD SHARED_DATA BUILDS"""
import math
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import firmware

TOKENIZERS = ["tokenizers/gpt2", "tokenizers/qwen2/qwen.tiktoken", "weights/llama2c/tokenizer_llama2.model", "tokenizers/t5/t5_spiece.model",
              "tokenizers/sentencepiece/test_ja_model.model", "tokenizers/bert/bert_base_uncased_vocab.txt"]
UNITS = ["a", " ", "ab", "\u4f60", "'", "1", "\r\n", "a\u0301", "\u2581", " .", "the quick ", "\u00a0", "\U0001f600", "#"]
SHORT, LONG = 4000, 32000
SLACK = 1.15  # the first words of a text meet an empty memory, and tables of a text's start count for more in the short one


def texts():
    return [(unit * (size // len(unit.encode()) + 1)) for unit in UNITS for size in (SHORT, LONG)]


def counts_of(board, program, plugin, texts_for_board, source):
    with tempfile.TemporaryDirectory() as folder:
        written, blob, counts = (os.path.join(folder, name) for name in ("texts", "blob", "counts"))
        with open(written, "w", encoding="utf-8", newline="") as file:
            file.write("".join(text + "\n__ggml_vocab_test__\n" for text in texts()))
        firmware.quiet([texts_for_board, source, written, blob])
        firmware.run(board, program, "%s,out=%s,isa=thumb" % (plugin, counts), blob)
        with open(counts, encoding="ascii") as file:
            return [int(line) for line in file]


def too_much(counts):
    """Sentences on texts whose work grows faster than n log n."""
    bound = LONG * math.log(LONG) / (SHORT * math.log(SHORT)) * SLACK
    for unit, short, long in zip(UNITS, counts[::2], counts[1::2]):
        if long > short * bound:
            yield "%r: %d instructions a byte in %d bytes, %d in %d" % (unit, short // SHORT, SHORT, long // LONG, LONG)


def self_test():
    quadratic = [SHORT * SHORT, LONG * LONG] + [SHORT, LONG] * (len(UNITS) - 1)
    assert len(list(too_much(quadratic))) == 1


def main():
    board, texts_for_board, data, builds = sys.argv[1:]
    self_test()
    sources = [source for source in TOKENIZERS if os.path.exists(os.path.join(data, source))]
    if not sources:
        print("skipped: no", data)
        return 77
    program = firmware.build(board, "tokenizer_board", builds)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        plugin = os.path.join(folder, "count.so")
        firmware.quiet(["cc", "-O2", "-shared", "-fPIC", os.path.join(HERE, "../bench/arm/count.c"), "-o", plugin])
        for source in sources:
            counts = counts_of(board, program, plugin, texts_for_board, os.path.join(data, source))
            print("%s: at most %d instructions a byte" % (source, max(long // LONG for long in counts[1::2])))
            for sentence in too_much(counts):
                print("%s: %s" % (source, sentence))
                failed = True
    return failed


sys.exit(main())
