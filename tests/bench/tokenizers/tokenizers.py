"""tokenizers: how fast text becomes tokens and tokens text, beside SentencePiece and llama.cpp, and how fast tokenizers are learnt.

  tokenizers.py BUILD SHARED_DATA [PEER_LLAMA] > ../tokenizers.md      BUILD is build/host; needs spm_train, one quiet core, 4 minutes

PEER_LLAMA is the program made from peer_llama.cpp; without it, its column is empty. Times are medians of three rounds in turn with the
peer. Instructions are counted in the emulator (../arm/count.c).
"""
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "support"))
import firmware

TEXTS = ["tinystories_train_head", "tinyshakespeare", "wikipedia_demo", "wikitext2_valid", "grimms_fairy_tales"]
ROUNDS = 3

# What it is, the tokenizer's source, and llama.cpp's file of the same one. The two of 4096 tokens are learnt from the text by SentencePiece.
ROWS = [
    ("SentencePiece BPE, 4096 tokens", "bpe.model", None),
    ("SentencePiece Unigram, 4096 tokens", "unigram.model", None),
    ("Llama 2, SentencePiece BPE", "weights/llama2c/tokenizer_llama2.model", "tokenizers/llamacpp/ggml-vocab-llama-spm.gguf"),
    ("T5, SentencePiece Unigram", "tokenizers/t5/t5_spiece.model", None),
    ("GPT-2, byte-level BPE", "tokenizers/gpt2", "tokenizers/llamacpp/ggml-vocab-gpt-2.gguf"),
    ("Qwen2, byte-level BPE", "tokenizers/qwen2/qwen.tiktoken", None),
    ("BERT, WordPiece", "tokenizers/bert/bert_base_uncased_vocab.txt", "tokenizers/llamacpp/ggml-vocab-bert-bge.gguf"),
]

# Aims for a ratio to SentencePiece on one thread, of the tokenizers with 4096 tokens, and what bounds what is not reached.
AIMS = [
    ("BPE training", 5, ""),
    ("BPE encode", 10, ""),
    ("Unigram encode", 10, "A third of the time goes into the search for words that are new or were pushed out, a third into looking up all others."),
]


def median_seconds(command):
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        firmware.quiet(command)
        seconds.append(time.perf_counter() - start)
    return sorted(seconds)[ROUNDS // 2]


class Bench:
    def __init__(self, build, data, peer, folder):
        self.build, self.data, self.peer, self.folder = build, data, peer, folder
        self.text = os.path.join(folder, "english.txt")
        with open(self.text, "wb") as out:
            for name in TEXTS:
                with open(os.path.join(data, "text/en", name + ".txt"), "rb") as file:
                    out.write(file.read())
        self.bytes = os.path.getsize(self.text)

    def source(self, name):
        return os.path.join(self.folder if name.endswith(".model") and "/" not in name else self.data, name)

    def train(self, kind):
        """Seconds of SentencePiece and of mote for 4096 tokens, a thread each."""
        theirs = ["spm_train", "--input=" + self.text, "--model_prefix=" + os.path.join(self.folder, kind), "--vocab_size=4096", "--num_threads=1",
                  "--model_type=" + kind, "--byte_fallback=false", "--hard_vocab_limit=false", "--minloglevel=2"]
        ours = [os.path.join(self.build, "tools/mote"), "tokenizer", "train", "--type", kind, "--vocab", "4096", "-t", "1", "--force", "-o",
                os.path.join(self.folder, kind + ".json"), self.text]
        return median_seconds(theirs), median_seconds(ours)

    def speeds(self, source):
        """{(who, what): (MB/s, tokens)}"""
        program = os.path.join(self.build, "tests/bench/tokenizers/bench_tokenizers")
        told = subprocess.run([program, self.source(source), self.text, str(ROUNDS)], stdout=subprocess.PIPE, text=True, check=True).stdout
        out = {}
        for line in told.splitlines():
            who, what, seconds, tokens = line.split()
            out[who, what] = (self.bytes / 1e6 / float(seconds), int(tokens))
        theirs = out.get(("sentencepiece", "lines"))
        if theirs and theirs[1] != out["mote", "lines"][1]:
            raise SystemExit("%s: %d tokens, SentencePiece has %d" % (source, out["mote", "lines"][1], theirs[1]))
        return out

    def llama_speed(self, vocabulary):
        if not self.peer or not vocabulary:
            return None
        told = subprocess.run([self.peer, os.path.join(self.data, vocabulary), self.text, str(ROUNDS)], stdout=subprocess.PIPE, text=True, check=True)
        seconds = sorted(float(line.split()[0]) for line in told.stdout.splitlines())
        return self.bytes / 1e6 / seconds[ROUNDS // 2]

    def instructions(self, source):
        """Instructions a byte on Cortex-M4, of sixteen texts of 2000 bytes."""
        plugin, texts, blob, counts = (os.path.join(self.folder, name) for name in ["count.so", "texts", "blob", "counts"])
        firmware.quiet(["cc", "-O2", "-shared", "-fPIC", os.path.join(HERE, "../arm/count.c"), "-o", plugin])
        with open(self.text, "rb") as file:
            text = file.read().decode("utf-8", "replace")
        parts = [text[at:at + 2000] for at in range(0, len(text), len(text) // 16)][:16]
        with open(texts, "w", encoding="utf-8", newline="") as file:
            file.write("".join(part + "\n__ggml_vocab_test__\n" for part in parts))
        firmware.quiet([os.path.join(self.build, "tests/tokenizer_board/texts_for_board"), self.source(source), texts, blob])
        program = firmware.build("mps2-an386", "tokenizer_board", os.path.join(self.build, "firmware"))
        firmware.run("mps2-an386", program, "%s,out=%s,isa=thumb" % (plugin, counts), blob)
        with open(counts, encoding="ascii") as file:
            return sum(int(line) for line in file) / sum(len(part.encode()) for part in parts)


def cell(number):
    return "-" if number is None else "%.3g" % number


def row(bench, name, source, vocabulary, ratios):
    speeds = bench.speeds(source)
    whole, lines, decode = (speeds["mote", what][0] for what in ["whole", "lines", "decode"])
    their_lines, their_decode = (speeds[who][0] if who in speeds else None for who in [("sentencepiece", "lines"), ("sentencepiece", "decode")])
    llama = bench.llama_speed(vocabulary)
    ratios[source] = their_lines and lines / their_lines
    cells = [name, lines, their_lines, ratios[source], whole, llama, llama and whole / llama, decode, their_decode, their_decode and decode / their_decode,
             bench.instructions(source)]
    return "| " + " | ".join(c if isinstance(c, str) else cell(c) for c in cells) + " |"


def table(bench):
    trained = {kind: bench.train(kind) for kind in ["bpe", "unigram"]}
    ratios = {}
    text = ["# Tokenizers", "",
            "Written by `tokenizers/tokenizers.py` on one core of a machine with two: medians of three rounds in turn. Absolute figures move with the",
            "machine; ratios are to be repeated. The text is %.1f MB of English, %d files of the shared data." % (bench.bytes / 1e6, len(TEXTS)), "",
            "## Encode and decode, MB/s on one thread", "",
            "SentencePiece 0.1.97 (Debian) takes lines, and gives the same number of tokens; llama.cpp takes the whole text. Instructions are those of",
            "encoding a byte on Cortex-M4, texts of 2000 bytes, counted in the emulator.", "",
            "| tokenizer | lines | SentencePiece | ratio | whole text | llama.cpp | ratio | decode | SentencePiece | ratio | instructions, M4 |",
            "|---|---|---|---|---|---|---|---|---|---|---|"]
    text += [row(bench, *what, ratios) for what in ROWS]
    text += ["", "## Training, 4096 tokens, one thread, seconds", "",
             "mote's `bpe` is byte-level and its `unigram` is SentencePiece's library behind mote's reading of text.", "",
             "| kind | mote | SentencePiece | ratio |", "|---|---|---|---|"]
    text += ["| %s | %.2f | %.2f | %.2f |" % (kind, ours, theirs, theirs / ours) for kind, (theirs, ours) in trained.items()]
    reached = {"BPE training": trained["bpe"][0] / trained["bpe"][1], "BPE encode": ratios["bpe.model"], "Unigram encode": ratios["unigram.model"]}
    text += ["", "## What was to be reached, as a ratio to SentencePiece", "", "| what | aim | here | what bounds it |", "|---|---|---|---|"]
    text += ["| %s | %d | %.1f | %s |" % (what, aim, reached[what], "reached" if reached[what] >= aim else why) for what, aim, why in AIMS]
    return "\n".join(text) + "\n"


def main():
    build, data, *peer = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        print(table(Bench(build, data, peer[0] if peer else None, folder)), end="")


main()
