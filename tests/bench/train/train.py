#!/usr/bin/env python3
"""train: mote's trainer measured. Each command prints its table, or with --write puts it into its place beside this folder.

    train.py speed MOTE     tokens a second and memory beside PyTorch, the two in turn; ../train.md
    train.py quality MOTE   losses on the texts of the shared data; ../train_quality.md
    train.py commands MOTE  what the two models of tools/quickstart understand, of build/quickstart; ../commands.md

`speed` needs python3-torch and libopenblas0-openmp (with Debian's default OpenBLAS, PyTorch is slower). Models: peer.py.
"""

import argparse
import dataclasses
import glob
import json
import os
import pathlib
import random
import re
import statistics
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parents[3] / "shared" / "data" / "text"
QUICKSTART = HERE.parents[2] / "build" / "quickstart"


@dataclasses.dataclass(frozen=True)
class Measured:
    name: str  # peer.py's
    title: str
    options: str  # mote's
    vocab: int
    step_tokens: int
    mote_steps: int  # of one round
    peer_steps: int


GPT_I = "--family gpt2 --layers 4 --dim 128 --heads 4 --context 128 --batch 12"
GPT_II = "--family gpt2 --layers 6 --dim 384 --heads 6 --context 256 --batch 16"
LLAMA = "--family llama --layers 5 --dim 64 --heads 8 --kv-heads 4 --hidden 172 --context 512 --batch 16"
SPEEDS = [
    Measured("gpt_i", "GPT-2, 4 layers, 128 wide, 12 x 128 tokens, vocabulary 65", GPT_I, 65, 12 * 128, 30, 15),
    Measured("gpt_ii", "GPT-2, 6 layers, 384 wide, 16 x 256 tokens, vocabulary 65", GPT_II, 65, 16 * 256, 8, 4),
    Measured("llama_260k", "Llama, 5 layers, 64 wide, 16 x 512 tokens, vocabulary 512", LLAMA, 512, 16 * 512, 6, 1),
]


def run(command, **options):
    """A program's output, and what it used: CPU seconds and peak bytes."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, **options) as process:
        output = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"train.py: {command[0]} ended with {process.returncode}: {' '.join(map(str, command))}")
    return output, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def peer(threads, policy, *arguments):
    """What peer.py measured. Threads wait `active` or `passive`."""
    blas = glob.glob("/usr/lib/*/openblas-openmp")
    if not blas:
        raise SystemExit("train.py: libopenblas0-openmp is not installed: the peer would run at less than its speed")
    environment = dict(os.environ, LD_LIBRARY_PATH=blas[0], OMP_NUM_THREADS=str(threads), OMP_WAIT_POLICY=policy)
    what, configuration, argument, *rest = map(str, arguments)
    output, _, _ = run(["/usr/bin/python3", HERE / "peer.py", what, configuration, str(threads), argument, *rest], env=environment)
    return json.loads(output)


# ---- speed


def random_text(vocab):
    """So many characters that, with the two control tokens of a character tokenizer, the vocabulary is full."""
    characters, drawn = [chr(0x4E00 + i) for i in range(vocab - 2)], random.Random(1)
    return "".join(characters + drawn.choices(characters, k=100_000))


def mote_speed(mote, m, threads, folder):
    text = folder / f"{m.vocab}.txt"
    if not text.exists():
        text.write_text(random_text(m.vocab))

    def train(steps):
        out = folder / f"run{steps}"
        subprocess.run(["rm", "-rf", out], check=True)
        command = [mote, "train", "--data", text, *m.options.split(), "--threads", str(threads), "--steps", str(steps)]
        output, cpu, peak = run([*command, "--eval-batches", "1", "-o", out])
        return float(re.search(r"speed +([0-9]+) tokens/s", output)[1]), cpu, peak

    _, start_cpu, _ = train(1)  # beginning, evaluation and checkpoint
    rate, cpu, peak = train(m.mote_steps + 1)
    return {"tokens_per_second": rate, "cpu_seconds": (cpu - start_cpu) / m.mote_steps, "peak_bytes": peak}


def middle(results, key):
    return statistics.median(r[key] for r in results)


def speed_row(m, ours, theirs):
    fast = middle(ours, "tokens_per_second"), max(middle(t, "tokens_per_second") for t in theirs)
    cpu = middle(ours, "cpu_seconds"), min(middle(t, "cpu_seconds") for t in theirs)
    memory = [max(r["peak_bytes"] for r in results) / 2**20 for results in (ours, theirs[0])]
    return (f"| {m.title} | {fast[0]:.0f} | {fast[1]:.0f} | {fast[0] / fast[1]:.2f} | {cpu[1] / cpu[0]:.2f} | "
            f"{memory[0]:.0f} | {memory[1]:.0f} | {memory[0] / memory[1]:.2f} |\n")


def speed(mote, threads, rounds, names):
    rows = ""
    for m in [m for m in SPEEDS if m.name in names]:
        ours, theirs = [], ([], [])
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(rounds):
                ours.append(mote_speed(mote, m, threads, pathlib.Path(folder)))
                for results, policy in zip(theirs, ("active", "passive")):
                    results.append(peer(threads, policy, "speed", m.name, m.peer_steps))
        rows += speed_row(m, ours, theirs)
    return f"""# Training beside PyTorch

Written by `tests/bench/train/train.py speed build/host/tools/mote --write`. {threads} threads, float32, AdamW, no dropout; the two
programs in turn, {rounds} rounds, medians. PyTorch is Debian's (1.13) with OpenMP's OpenBLAS, at the faster of active and passive
waiting between its threads. The CPU ratio compares seconds of processor a step, which other programs on the machine move
less than seconds on the wall. Memory is the peak of the whole process in MiB, mote's with evaluation and checkpoint.

| model | mote tokens/s | PyTorch tokens/s | ratio | CPU ratio | mote MiB | PyTorch MiB | memory |
|---|---|---|---|---|---|---|---|
{rows}"""


# ---- quality


NANOGPT = ("--layers 4 --dim 128 --heads 4 --context 64 --batch 12 --steps 2000 --min-lr 1e-4 --warmup 100 --beta2 0.99 "
           "--weight-decay 0.1 --grad-clip 1 --eval-batches 0 --eval-every 2000")
SEEDS = (1337,)


def trained(mote, folder, data, options, threads):
    output, _, _ = run([mote, "train", "--data", data, *options.split(), "--threads", str(threads), "-o", folder])
    return float(re.search(r"validation loss +([0-9.]+)", output)[1])


def shakespeare_rows(mote, folder, threads):
    text = DATA / "en" / "tinyshakespeare.txt"
    rows = ""
    for title, options in [("mote, GPT-2 without biases", "--family gpt2 --no-bias --lr 1e-3"), ("mote, GPT-2", "--family gpt2 --lr 1e-3"),
                           ("mote, GPT-2, learning rate 3e-3", "--family gpt2 --lr 3e-3"),
                           ("mote, Llama, as many layers and wide", "--family llama --lr 1e-3")]:
        losses = [trained(mote, folder / f"{title}{seed}", text, f"{NANOGPT} {options} --seed {seed}", threads)
                  for seed in SEEDS]
        rows += quality_row(title, losses)
    losses = [peer(threads, "passive", "quality", "nanogpt_cpu", text, "--seed", seed) for seed in SEEDS]
    return (rows + quality_row("PyTorch, GPT-2 without biases", [x["whole_loss"] for x in losses]) +
            quality_row("the same, 20 batches at random", [x["drawn_loss"] for x in losses]))


def quality_row(title, losses):
    return f"| {title} | {' | '.join(f'{x:.4f}' for x in losses)} |\n"


def chinese_row(mote, folder, name, kind, options, threads):
    data, tokenizer = DATA / "zh" / name, folder / f"{name}.{kind.split()[0]}" / "tokenizer.json"
    tokenizer.parent.mkdir()
    run([mote, "tokenizer", "train", "--type", *kind.split(), "-o", tokenizer, data])
    out = tokenizer.parent / "run"
    loss = trained(mote, out, data, f"{options} --tokenizer {tokenizer}", threads)
    run([mote, "pack", out / "best", "-o", folder / "x.mote", "--force"])
    sample = [mote, "run", "-m", folder / "x.mote", "-p", "春", "-n", "60", "--ignore-eos"]
    written = subprocess.run(sample, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    shown = " ".join(written.decode("utf-8").replace("|", " ").split())  # raises where it is not UTF-8
    return f"| {name} | {kind} | {loss:.4f} | {len(written)} | {shown[:24]} |\n"


def quality(mote, threads):
    if not DATA.is_dir():
        raise SystemExit(f"train.py: {DATA} is absent")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        short = "--family llama --layers 3 --dim 128 --heads 4 --context 64 --batch 12 --steps 300 --min-lr 1e-4 --eval-batches 0"
        chinese = chinese_row(mote, folder, "hongloumeng.txt", "bpe --vocab 2048", short, threads)
        chinese += chinese_row(mote, folder, "quantangshi_poet.tang.0.json", "char", short, threads)
        english = shakespeare_rows(mote, folder, threads)
    return f"""# Losses of trained models

Written by `tests/bench/train/train.py quality build/host/tools/mote --write`.

## tinyshakespeare, characters

nanoGPT's configuration for CPUs: 4 layers, 4 heads, 128 wide, 64 tokens of context, 12 sequences a batch, 2000 steps, no dropout.
The learning rate is nanoGPT's 1e-3 where no other is named. Loss in nats a character on the last tenth of the text, all of it, after
the last step; by seed.
nanoGPT itself draws 20 batches from that tenth; its documentation gives 1.88.

| model | {" | ".join(f"seed {s}" for s in SEEDS)} |
|---|{"---|" * len(SEEDS)}
{english}
## Chinese

300 steps of 12 x 64 tokens, a Llama of 3 layers and 128 wide: enough to see that the way is open from a text to a packed model,
and that what it writes is UTF-8. Loss in nats a token.

| text | tokenizer | validation loss | bytes of valid UTF-8 | the text begins |
|---|---|---|---|---|
{chinese}"""


# ---- commands


def commands_row(mote, name, board):
    model = QUICKSTART / f"{name}.mote"
    told = json.loads(run([mote, "inspect", "--json", model])[0])
    sizes = told["sizes"]
    plan, _, _ = run([mote, "plan", "--greedy", "-m", model, "--board", board])
    flash, arena = (re.search(rf"^{what} .* ([0-9]+) of ([0-9]+) bytes", plan, re.MULTILINE) for what in ("flash", "ram"))
    evaluated, _, _ = run([mote, "eval", "-m", model, "--pairs", QUICKSTART / "test.jsonl", "--show", "0"])
    pairs, exact = (int(re.search(rf"^{what} +([0-9]+)", evaluated, re.MULTILINE)[1]) for what in ("pairs", "exact"))
    return (f"| {sizes['dim']} wide, {sizes['heads']} heads, {sizes['kv_heads']} kv heads, hidden {sizes['hidden']} | {board} | "
            f"{told['parameters']} | {flash[1]} of {flash[2]} | {arena[1]} of {arena[2]} | {exact} of {pairs}, {100 * exact / pairs:.2f} % |\n")


def commands(mote):
    rows = commands_row(mote, "commands", "netduinoplus2") + commands_row(mote, "small", "microbit")
    return f"""# Commands understood offline

Written by `tests/bench/train/train.py commands build/host/tools/mote --write` from the models that `tools/quickstart` has made.

`mote corpus commands` has phrases, ways to ask, and pairs of room and device that stand in its test half only. Two Llama models of 4
layers learn the train half (3 MB, 512 tokens, 2000 steps of 32 sequences, the last 500 with `--qat q4`) and complete the prompts
of the test half with the most probable token at each place. Counted is JSON that is right to the last character, by the packed q4
model with its q8 cache.

| model | board | parameters | bytes of flash | bytes of arena | exact |
|---|---|---|---|---|---|
{rows}
What fails most are remarks that the train half has with the opposite meaning ("the office is too dark", learnt only of "too bright"),
and numbers said in a new way: `mote eval -m build/quickstart/commands.mote --pairs build/quickstart/test.jsonl` shows them.
Threads and instruction set of the machine that trains change its sums in their last bits, and so the models a little.
"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["speed", "quality", "commands"])
    parser.add_argument("mote", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--models", nargs="+", choices=[m.name for m in SPEEDS], default=[m.name for m in SPEEDS])
    parser.add_argument("--write", action="store_true")
    a = parser.parse_args()
    mote = a.mote.resolve()
    name, measure = {"speed": ("train.md", lambda: speed(mote, a.threads, a.rounds, a.models)),
                     "quality": ("train_quality.md", lambda: quality(mote, a.threads)),
                     "commands": ("commands.md", lambda: commands(mote))}[a.what]
    table = measure()
    if a.write:
        (HERE.parent / name).write_text(table)
    else:
        print(table, end="")


if __name__ == "__main__":
    main()
