#!/usr/bin/env python3
"""peers: mote and other programs on the same synthetic models, in turn.

    peers.py measure MOTE --peer NAME=COMMAND ... [--quantizer PROGRAM]   measures, keeps the medians in results.json
    peers.py write                                            writes ../peers.md from results.json and notes.json
    peers.py check                                            fails unless ../peers.md is what `write` writes

    peers.py --self-test                                      shows that a missed figure without a note is refused, and an idle note

COMMAND is a path and its options: a llama-bench (of llama.cpp or of a descendant), or llama2.c's run or runq (int8). Nothing of theirs is
built here. notes.json says of every figure that is missed what was tried and what bounds it, by "MODEL WEIGHTS THREADS TEST".
--quantizer is a llama-quantize, which makes the Q4_0 files. Each round runs every program once with one thread and once with two,
so that a slow moment of the machine falls on all alike; --models measures a part, and leaves the rest of results.json.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TABLE, RESULTS, NOTES = HERE.parent / "peers.md", HERE / "results.json", HERE / "notes.json"

# The hidden width of the smallest is 192 where llama2.c's has 172: GGUF's blocks are 32 columns.
SHAPES = {
    "260K": "llama:dim=64,layers=5,heads=8,kv_heads=4,hidden=192,vocab=512,context=512,pairing=interleaved",
    "15M": "llama:dim=288,layers=6,heads=6,kv_heads=6,hidden=768,vocab=32000,context=512,pairing=interleaved",
    "110M": "llama:dim=768,layers=12,heads=12,kv_heads=12,hidden=2048,vocab=32000,context=1024,pairing=interleaved",
}
VOCAB = {"260K": 512, "15M": 32000, "110M": 32000}
FORMATS = {"q8": "Q8_0", "q4": "Q4_0"}
THREADS = (1, 2)
DECODE, DEPTH, PROMPT = 64, 256, 128
TESTS = {"decode": f"decode of {DECODE}", "deep": f"decode of {DECODE} after {DEPTH}", "prefill": f"prompt of {PROMPT}"}
# What the ratio to the fastest peer is to be, at the same number of threads and bits a weight.
REACH = {
    ("260K", "q8"): {"decode": 3, "deep": 4, "prefill": 2}, ("260K", "q4"): {"decode": 3, "deep": 4, "prefill": 2},
    ("15M", "q8"): {"decode": 1.35, "deep": 1.5, "prefill": 1}, ("15M", "q4"): {"decode": 1.6, "deep": 1.7, "prefill": 1},
    ("110M", "q8"): {"decode": 1.2, "deep": 1.4, "prefill": 1}, ("110M", "q4"): {"decode": 1.2, "deep": 1.4, "prefill": 1},
}


def run(command, **options):
    """A program's output on both streams, and its peak memory in bytes."""
    with subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options) as process:
        output, errors = process.stdout.read(), process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"peers.py: {command[0]} ended with {process.returncode}: {errors.strip()[-300:]}")
    return output, errors, used.ru_maxrss * 1024


# ---- the programs: each gives tokens a second by test, and what else it tells


class Mote:
    def __init__(self, path):
        self.path = path

    def reads(self, shape, weights):
        return f"{shape}.{weights}.mote"

    def measure(self, model, threads, _):
        options = ["-t", threads, "-d", f"0,{DEPTH}", "-n", DECODE, "-p", PROMPT, "-r", 3]
        told = json.loads(run([self.path, "bench", "-m", model, *options, "--json"])[0])
        rates = {"prefill" if s["test"] == "prefill" else "deep" if s["depth"] else "decode": s["tokens_per_s"] for s in told["speeds"]}
        rates.update(first=told["first_token_s"], peak=told["peak_bytes"], planned=told["model_bytes"] + told["arena_bytes"])
        return rates


class LlamaBench:
    """A llama-bench: one that decodes at a depth (-gp), or one whose time of prompt and decoding together is reduced by the prompt's."""

    def __init__(self, path, options):
        self.path, self.options = path, options
        self.at_depth = "-gp <pp,tg>" in subprocess.run([path, "--help"], capture_output=True, text=True).stdout

    def reads(self, shape, weights):
        return f"{shape}.{FORMATS[weights]}.gguf" if weights in FORMATS else None

    def measure(self, model, threads, _):
        command = [self.path, *self.options, "-m", model, "-t", threads, "-r", 3, "-n", DECODE, "-o", "json"]
        if self.at_depth:
            output, _, peak = run([*command, "-p", PROMPT, "-gp", f"{DEPTH},{DECODE}"])
        else:
            output, _, peak = run([*command, "-p", f"{PROMPT},{DEPTH}", "-pg", f"{DEPTH},{DECODE}"])
        seconds = {}
        for test in json.loads(output):
            # By the test's name where there is one: at a depth, the numbers are those of the decoding alone.
            name = test.get("test") or {(0, DECODE): f"tg{DECODE}", (DEPTH, DECODE): "both"}.get((test["n_prompt"], test["n_gen"]), f"pp{test['n_prompt']}")
            seconds[name] = statistics.median(test["samples_ns"]) / 1e9
        deep = seconds[f"tg{DECODE}@pp{DEPTH}"] if self.at_depth else seconds["both"] - seconds[f"pp{DEPTH}"]
        return {"decode": DECODE / seconds[f"tg{DECODE}"], "deep": DECODE / deep, "prefill": PROMPT / seconds[f"pp{PROMPT}"], "peak": peak}


class Llama2c:
    """llama2.c's run and runq: weights of float and of int8. A prompt of bytes forces every token, so that no end of text stops it; there
    is no reading of tiles."""

    def __init__(self, path):
        self.path, self.quantized = path, pathlib.Path(path).name == "runq"

    def reads(self, shape, weights):
        return {("f32", False): f"{shape}.bin", ("q8", True): f"{shape}.q80.bin"}.get((weights, self.quantized))

    def measure(self, model, threads, shape):
        tokenizer = model.parent / f"{shape}.tokenizer.bin"
        write_byte_tokenizer(tokenizer, VOCAB[shape])

        def seconds(tokens):  # of all but the first, which the program leaves out of its own measurement
            command = [self.path, model, "-z", tokenizer, "-t", 0, "-n", tokens, "-i", "a" * tokens]
            _, errors, peak = run(command, env=dict(os.environ, OMP_NUM_THREADS=str(threads)))
            return (tokens - 1) / float(re.search(r"achieved tok/s: ([0-9.]+)", errors)[1]), peak

        near, peak = seconds(DECODE + 1)
        before, after = seconds(DEPTH + 1)[0], seconds(DEPTH + DECODE + 1)[0]
        return {"decode": DECODE / near, "deep": DECODE / max(after - before, 1e-9), "peak": peak}


def write_int8(path, floats):
    """The form that llama2.c's runq reads, from the one that run reads: norms as they are, then groups of int8 each with a float scale."""
    import numpy  # here alone: what checks the table runs where it may be absent

    data = floats.read_bytes()
    dim, hidden, layers, heads, kv_heads, vocab, context = struct.unpack("<7i", data[:28])
    values, at = numpy.frombuffer(data, "<f4", offset=28), 0
    kv_dim, head_dim = dim // heads * kv_heads, dim // heads
    taken = {}
    for name, size in (("table", abs(vocab) * dim), ("attention_norm", layers * dim), ("q", layers * dim * dim), ("k", layers * dim * kv_dim),
                       ("v", layers * dim * kv_dim), ("o", layers * dim * dim), ("ffn_norm", layers * dim), ("w1", layers * dim * hidden),
                       ("w2", layers * dim * hidden), ("w3", layers * dim * hidden), ("norm", dim), ("angles", context * head_dim), ("head", abs(vocab) * dim)):
        taken[name], at = values[at:at + size], at + size
    shared = vocab > 0
    group = next(g for g in (64, 32) if dim % g == 0)
    with open(path, "wb") as file:
        header = struct.pack("<Ii7iBi", 0x616B3432, 2, dim, hidden, layers, heads, kv_heads, abs(vocab), context, shared, group)
        file.write(header.ljust(256, b"\0"))
        for name in ("attention_norm", "ffn_norm", "norm"):
            file.write(taken[name].tobytes())
        for name, count in (("table", 1), *((m, layers) for m in ("q", "k", "v", "o", "w1", "w2", "w3")), *([] if shared else [("head", 1)])):
            for matrix in numpy.split(taken[name], count):
                groups = matrix.reshape(-1, group)
                scales = numpy.maximum(numpy.abs(groups).max(axis=1, keepdims=True) / 127, 1e-30).astype("<f4")
                file.write(numpy.rint(groups / scales).astype("i1").tobytes() + scales.tobytes())


def write_byte_tokenizer(path, vocab):
    """llama2.c's tokenizer: 3 control tokens, 256 bytes, names that no text holds."""
    names = [b"<unk>", b"<s>", b"</s>"] + [b"<0x%02X>" % i for i in range(256)] + [b" ", b"a"] + [b"\x01%d" % i for i in range(vocab - 261)]
    with open(path, "wb") as file:
        file.write(struct.pack("<i", max(map(len, names))))
        for name in names:
            file.write(struct.pack("<fi", 0.0, len(name)) + name)


def program_of(command):
    path, *options = command.split()
    return LlamaBench(path, options) if "llama-bench" in pathlib.Path(path).name else Llama2c(path)


# ---- measuring


def make_models(mote, quantizer, shape, folder):
    def missing(name):
        return not (folder / name).exists()

    for weights in ("q8", "q4", "f32"):
        if missing(f"{shape}.{weights}.mote"):
            run([mote, "pack", "--random", SHAPES[shape], "--weights", weights, "-o", folder / f"{shape}.{weights}.mote"])
    for name, options in ((f"{shape}.Q8_0.gguf", "--to gguf --type q8_0"), (f"{shape}.f16.gguf", "--to gguf --type f16"), (f"{shape}.bin", "--to llama2c")):
        if missing(name):
            run([mote, "export", folder / f"{shape}.f32.mote", *options.split(), "-o", folder / name])
    if missing(f"{shape}.q80.bin"):
        write_int8(folder / f"{shape}.q80.bin", folder / f"{shape}.bin")
    if quantizer and missing(f"{shape}.Q4_0.gguf"):
        run([quantizer, "--pure", folder / f"{shape}.f16.gguf", folder / f"{shape}.Q4_0.gguf", "q4_0"])


def measure(programs, quantizer, shapes, rounds, folder):
    """{shape: {format: {threads: {program: {test: median}}}}}"""
    results = {}
    for shape in shapes:
        make_models(programs["mote"].path, quantizer, shape, folder)
        told = {}
        for _ in range(rounds):
            for weights in ("q8", "q4", "f32"):
                for threads in THREADS:
                    for name, program in programs.items():
                        model = program.reads(shape, weights)
                        if model is None or not (folder / model).exists() or (name == "mote" and weights == "f32"):
                            continue
                        told.setdefault((weights, threads, name), []).append(program.measure(folder / model, threads, shape))
        for (weights, threads, name), measured in told.items():
            middle = {test: statistics.median(m[test] for m in measured) for test in measured[0]}
            results.setdefault(shape, {}).setdefault(weights, {}).setdefault(str(threads), {})[name] = {k: float(f"{v:.5g}") for k, v in middle.items()}
    return results


def merge(old, new):
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(old.get(key), dict):
            merge(old[key], value)
        else:
            old[key] = value


# ---- writing


def number(x):
    return "" if x is None else f"{x:.0f}"


def cell(results, shape, weights, threads, test):
    """Rates by program: peers' floats beside q8, the format nearest to them of the two."""
    rates = {name: r.get(test) for name, r in results[shape].get(weights, {}).get(threads, {}).items()}
    if weights == "q8":
        rates.update({name: r.get(test) for name, r in results[shape].get("f32", {}).get(threads, {}).items()})
    return rates


def rows_of(results, shape, peers):
    """A line of the table, and what it is of: the name of its note, a title, the ratio and what that is to be."""
    for weights in ("q8", "q4"):
        for threads in map(str, THREADS):
            for test, title in TESTS.items():
                rates = cell(results, shape, weights, threads, test)
                best = max((rates[p] for p in peers if rates.get(p)), default=None)
                if not best or not rates.get("mote"):
                    continue
                ratio, reach = rates["mote"] / best, REACH[shape, weights][test]
                verdict = "yes" if ratio >= reach else "**no**"
                yield (f"| {weights} | {threads} | {title} | {number(rates['mote'])} | " + " | ".join(number(rates.get(p)) for p in peers) +
                       f" | {ratio:.2f} | {reach} | {verdict} |\n",
                       (f"{shape} {weights} {threads} {test}", f"{weights}, {threads} thread{'s' if threads != '1' else ''}, {title}", ratio, reach))


MOST_MEMORY, MOST_SECONDS = 1.10, {"260K": 1e-3}  # of model and plan; from opening the file to the first token


def memory_rows(results, peers):
    for shape in SHAPES:
        for weights in ("q8", "q4"):
            told = results.get(shape, {}).get(weights, {}).get("1", {})
            if "mote" not in told:
                continue
            m = told["mote"]
            reached = m["peak"] / m["planned"] <= MOST_MEMORY and m["first"] <= MOST_SECONDS.get(shape, m["first"])
            beside = " | ".join(f"{told[p]['peak'] / 2**20:.1f}" if p in told else "" for p in peers)
            yield (f"| {shape} | {weights} | {m['first'] * 1e3:.2f} | {m['peak'] / 2**20:.2f} | {m['planned'] / 2**20:.2f} | "
                   f"{m['peak'] / m['planned']:.2f} | {'yes' if reached else '**no**'} | {beside} |\n"), (f"{shape} {weights} memory", reached)


def note_of(notes, name, used):
    if not notes.get(name):
        raise SystemExit(f"peers.py: {name} misses its figure, and notes.json does not say what was tried and what bounds it")
    used.add(name)
    return notes[name]


def shape_text(results, notes, used, shape):
    told = results["models"][shape]
    peers = [p for p in results["peers"] if any(p in r for by_threads in told.values() for r in by_threads.values())]
    text = (f"\n## {shape}\n\n| weights | threads | test | mote | " + " | ".join(peers) + " | ratio | reach | reached |\n|---|---|---|---|" +
            "---|" * (len(peers) + 3) + "\n")
    short = ""
    for line, (name, title, ratio, reach) in rows_of(results["models"], shape, peers):
        text += line
        if ratio < reach:
            short += f"\n{title}: {100 * (1 - ratio / reach):.0f} % below. {note_of(notes, name, used)}\n"
    return text + short


def text_of(results, notes):
    """The page; ends the program where a figure is missed without a note, or a note has no missed figure."""
    used = set()
    text = """# The PC beside other programs

Written by `tests/bench/peers/peers.py` from `peers/results.json`: the same synthetic models, the programs in turn, medians, tokens a second.
The ratio is mote's to the fastest peer of the row, with as many threads and bits a weight (llama2.c's run has floats, and stands with q8);
reach is what it is to be. Absolute figures are those of one machine in one hour.

"""
    text += "".join(f"- {line}\n" for line in results["machine"])
    text += "".join(f"- {name}: `{command}`\n" for name, command in results["commands"].items())
    text += f"- rounds: {', '.join(f'{shape} {n}' for shape, n in results['rounds'].items())}\n"
    text += "".join(shape_text(results, notes, used, shape) for shape in SHAPES if shape in results["models"])
    text += (f"""
## Start and memory

One thread. From opening the file to the first token in ms, 260K within 1 ms; peak memory beyond the program's own in MiB, within
{MOST_MEMORY:.2f} times model and plan; of peers the whole process.

| model | weights | first token | peak | model and plan | peak / planned | reached | {' | '.join(results['peers'])} |
|---|---|---|---|---|---|---|{'---|' * len(results['peers'])}
""")
    short = ""
    for line, (name, reached) in memory_rows(results["models"], results["peers"]):
        text += line
        if not reached:
            short += f"\n{name}: {note_of(notes, name, used)}\n"
    if idle := set(notes) - used:
        raise SystemExit(f"peers.py: notes.json has notes where no figure is missed: {', '.join(sorted(idle))}")
    return text + short


def self_test():
    """One row that reaches its figure and one that does not."""
    mote = {"decode": 350.0, "deep": 350.0, "first": 1e-4, "peak": 100.0, "planned": 100.0}
    peer = {"decode": 100.0, "deep": 100.0, "peak": 100.0}
    results = {"machine": [], "commands": {}, "rounds": {}, "peers": ["peer"], "models": {"260K": {"q8": {"1": {"mote": mote, "peer": peer}}}}}
    missed, sound = "260K q8 1 deep", "bound by something"

    def refused(notes, memory=100.0):
        mote["peak"] = memory
        try:
            text_of(results, notes)
        except SystemExit:
            return True
        return False

    wanted = {"a missed figure with its note": not refused({missed: sound}), "a missed figure without a note": refused({}),
              "a note where the figure is reached": refused({missed: sound, "260K q8 1 decode": sound}),
              "memory beyond its bound without a note": refused({missed: sound}, 120.0)}
    if wrong := [what for what, held in wanted.items() if not held]:
        raise SystemExit(f"self-test: {', '.join(wrong)}")


def machine():
    info = pathlib.Path("/proc/cpuinfo").read_text()
    flags = re.search(r"^flags\s*: (.*)$", info, re.M)[1].split()
    features = [f for f in ("avx2", "avx_vnni", "avx512bw", "avx512_vnni", "amx_int8") if f in flags]
    return [f"{re.search(r'^model name.*: (.*)$', info, re.M)[1]}, {os.cpu_count()} cores, {', '.join(features)}"]


def load(path, otherwise):
    return json.loads(path.read_text()) if path.exists() else otherwise


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_subparsers(dest="what", required=True)
    m = what.add_parser("measure")
    m.add_argument("mote", type=pathlib.Path)
    m.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND")
    m.add_argument("--quantizer", type=pathlib.Path)
    m.add_argument("--models", nargs="+", choices=SHAPES, default=list(SHAPES))
    m.add_argument("--rounds", type=int, default=5)
    m.add_argument("--folder", type=pathlib.Path, help="keeps the models there")
    what.add_parser("write")
    what.add_parser("check")
    a = parser.parse_args()
    results, notes = load(RESULTS, {"machine": [], "peers": [], "models": {}}), load(NOTES, {})
    if a.what == "check":
        if TABLE.read_text() != text_of(results, notes):
            raise SystemExit("peers.py: peers.md is not what its results give: run `tests/bench/peers/peers.py write`")
        return
    if a.what == "measure":
        peers = dict(p.split("=", 1) for p in a.peer)
        programs = {"mote": Mote(a.mote.resolve()), **{name: program_of(command) for name, command in peers.items()}}
        with tempfile.TemporaryDirectory() as own:
            merge(results["models"], measure(programs, a.quantizer, a.models, a.rounds, a.folder or pathlib.Path(own)))
        results["machine"] = machine()
        results.setdefault("commands", {}).update({name: " ".join([pathlib.Path(c.split()[0]).name, *c.split()[1:]]) for name, c in peers.items()})
        results.setdefault("rounds", {}).update({shape: a.rounds for shape in a.models})
        results["peers"] = list(dict.fromkeys(results["peers"] + list(peers)))
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
        print("peers.py: measured; now `write` makes the table, once notes.json says why figures are missed")
        return
    TABLE.write_text(text_of(results, notes))


if __name__ == "__main__":
    main()
