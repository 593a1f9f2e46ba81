"""training: mote train, tokenizer train, corpus and eval --pairs from outside. The numbers are those of the catalogue of bad input."""

import gzip
import json
import os
import pathlib
import pty
import resource
import shutil
import signal
import struct
import subprocess
import time
import zlib

from program import INPUT, INTERRUPTED, IO, LIMIT, MOTE, OK, USAGE, Case, digest

TEXT = "the cat sat on a mat and saw it. " * 40
SHAPE = ("--layers", "1", "--dim", "16", "--heads", "2", "--context", "16", "--batch", "4", "--eval-batches", "1", "--threads", "2")
SHORT = (*SHAPE, "--steps", "4", "--eval-every", "2")
LONG = (*SHAPE, "--steps", "100000000", "--eval-every", "100000000")
BAD_NUMBERS = ("1e3", "0x10", "12abc", "-1", "18446744073709551616", "", " 5")


class Training(Case):
    def setUp(self):
        super().setUp()
        self.path("text").write_text(TEXT)

    def train(self, *more, run="run", data="text", **options):
        return self.accepts("train", "--data", data, *SHORT, "-o", run, *more, **options)

    def weights(self, run="run"):
        return digest(self.path(run) / "last" / "model.safetensors")


class Help(Case):
    def test_of_every_verb_has_an_example(self):
        for verb in (("train",), ("tokenizer",), ("tokenizer", "train"), ("corpus",), ("corpus", "stories"), ("corpus", "commands"), ("eval",)):
            self.assertIn(b"Example: mote " + verb[0].encode(), self.accepts(*verb, "--help").stdout, verb)


class Arguments(Training):
    def test_J01_words_that_are_none_are_refused_with_the_nearest(self):
        self.refuses(USAGE, "E_ARG", "train", "--data", "text", "--step", "4", "-o", "run", says="--steps")
        self.refuses(USAGE, "E_ARG", "train", "--data", "text", "-o")
        self.refuses(USAGE, "E_ARG", "tokenizer")
        self.refuses(USAGE, "E_ARG", "corpus", "novels")

    def test_J02_counts_are_read_whole_or_refused(self):
        for option in ("--steps", "--layers", "--batch", "--seed", "--threads", "--context"):
            for value in BAD_NUMBERS:
                self.refuses(USAGE, "E_ARG", "train", "--data", "text", "-o", "run", f"{option}={value}", says=option)
        for value in BAD_NUMBERS:
            self.refuses(USAGE, "E_ARG", "tokenizer", "train", "text", "-o", "t.json", f"--vocab={value}", says="--vocab")
            self.refuses(USAGE, "E_ARG", "corpus", "stories", "-o", "s.txt", f"--bytes={value}", says="--bytes")

    def test_J03_rates_are_finite_and_not_negative(self):
        for option in ("--lr", "--min-lr", "--dropout", "--weight-decay", "--val-fraction"):
            for value in ("nan", "inf", "-1", "1e", ""):
                self.refuses(USAGE, "E_ARG", "train", "--data", "text", "-o", "run", f"{option}={value}", says=option)
        self.refuses(USAGE, "E_ARG", "train", "--data", "text", "-o", "run", "--lr", "0", says="--lr")

    def test_J04_shapes_that_cannot_be(self):
        for shape, says in ((("--dim", "15", "--heads", "2"), "--heads"), (("--layers", "0"), "--layers"), (("--steps", "0"), "--steps"),
                            (("--family", "bert"), "--family"), (("--family", "llama", "--heads", "4", "--kv-heads", "3"), "")):
            self.refuses(USAGE if says else INPUT, "E_ARG" if says else "E_SHAPE", "train", "--data", "text", "-o", "run", *shape, says=says)
        self.assertFalse(self.path("run").exists())

    def test_J05_a_model_beyond_memory_leaves_nothing(self):
        if b"__asan_" in pathlib.Path(MOTE).read_bytes():
            self.skipTest("a sanitizer needs its address space")
        limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        self.refuses(LIMIT, "E_NOMEM", "train", "--data", "text", "--layers", "1", "--dim", "32768", "--heads", "64", "--threads", "1", "-o", "run", preexec_fn=limit)

    def test_train_needs_data_and_a_folder(self):
        self.refuses(USAGE, "E_ARG", "train", "-o", "run", says="--data")
        self.refuses(USAGE, "E_ARG", "train", "--data", "text", says="-o")
        self.refuses(USAGE, "E_ARG", "train", "--resume", "--dry-run", "-o", "run", says="--dry-run")

    def test_dry_run_says_the_cost_and_writes_nothing(self):
        before = self.contents()
        text = self.accepts("train", "--data", "text", *SHORT, "--dry-run").stdout
        for part in (b"parameters", b"6 x parameters x tokens", b"memory", b"tokens a parameter"):
            self.assertIn(part, text)
        self.assertEqual(self.contents(), before)

    def test_J06_J07_outputs_of_tokenizer_train_and_corpus(self):
        self.refuses(USAGE, "E_ARG", "tokenizer", "train", "--vocab", "300", "text", "-o", "text", "--force", says="input")
        self.accepts("corpus", "stories", "--bytes", "2000", "-o", "s.txt")
        self.refuses(USAGE, "E_ARG", "corpus", "stories", "--bytes", "2000", "-o", "s.txt", says="--force")
        self.accepts("tokenizer", "train", "--vocab", "300", "text", "-o", "tokenizer.json")
        self.refuses(USAGE, "E_ARG", "tokenizer", "train", "--vocab", "300", "text", "-o", "tokenizer.json", says="--force")
        self.refuses(IO, "E_IO", "corpus", "stories", "-o", "absent/s.txt")

    def test_J06_a_tokenizer_of_any_name_says_which_token_ends_a_text(self):
        self.accepts("tokenizer", "train", "--vocab", "300", "text", "-o", "small.json")
        self.assertIn(b'"eos_token": "<|endoftext|>"', self.path("small_config.json").read_bytes())
        self.refuses(USAGE, "E_ARG", "tokenizer", "train", "--vocab", "300", "text", "-o", "small", says="small_config.json")

    def test_J06_a_wordpiece_vocabulary_is_a_vocab_txt(self):
        self.accepts("tokenizer", "train", "--type", "wordpiece", "--vocab", "200", "text", "-o", "vocab.txt")
        self.assertTrue(self.path("vocab.txt").read_bytes().startswith(b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"))
        self.refuses(USAGE, "E_ARG", "tokenizer", "train", "--type", "wordpiece", "--vocab", "200", "--special", "<x>", "text", "-o", "v.txt", says="[CLS]")
        self.accepts("tokenize", "--tokenizer", "vocab.txt", "-p", "Once")

    def test_J10_results_that_nobody_can_read(self):
        with open("/dev/full", "wb") as full:
            self.assertEqual(self.mote("train", "--data", "text", *SHORT, "-o", "run", stdout=full).returncode, IO)

    def test_J12_the_locale_changes_no_byte(self):
        first = None
        for locale in ("C", "de_DE.UTF-8", "tr_TR.UTF-8"):
            env = {"LC_ALL": locale, "LANG": locale}
            self.train(env=env)
            self.accepts("tokenizer", "train", "--vocab", "280", "text", "-o", "t.json", "--force", env=env)
            found = (self.weights(), (self.path("run") / "loss.svg").read_bytes(), digest(self.path("t.json")))
            first = first or found
            self.assertEqual(found, first, locale)
            shutil.rmtree(self.path("run"))

    def test_J14_the_same_seed_gives_the_same_files_and_another_one_others(self):
        self.train(run="a")
        self.train(run="b")
        self.train("--seed", "1337", run="default")
        self.train("--seed", "2", run="other")
        self.assertEqual(self.weights("a"), self.weights("b"))
        self.assertEqual(self.weights("a"), self.weights("default"))
        self.assertNotEqual(self.weights("a"), self.weights("other"))


class Data(Training):
    def refuses_data(self, exit_code, code, data, says=""):
        done = self.mote("train", "--data", data, *SHORT, "-o", "run")
        self.assertEqual(done.returncode, exit_code, done.stderr)
        self.assertIn(f"mote: error {code}: ".encode(), done.stderr)
        self.assertIn(says.encode(), done.stderr)
        self.assertFalse((self.path("run") / "last").exists())

    def test_H01_what_is_no_file(self):
        self.refuses_data(IO, "E_IO", "absent", "absent")
        os.mkfifo(self.path("pipe"))
        self.refuses_data(IO, "E_IO", "pipe", "not a regular file")
        for verb in (("tokenizer", "train", "--vocab", "300", "-o", "t.json"), ):
            self.refuses(IO, "E_IO", *verb, "absent")
            self.refuses(IO, "E_IO", *verb, "pipe")
            self.refuses(IO, "E_IO", *verb, ".")

    def test_H02_too_little_text(self):
        self.path("empty").write_bytes(b"")
        self.path("few").write_bytes(b"abc")
        self.refuses_data(INPUT, "E_EMPTY", "empty", "empty")
        self.refuses_data(INPUT, "E_EMPTY", "few", "at least 17")

    def test_H03_bytes_that_are_no_utf8(self):
        for broken in (b"\xff", b"\x80", b"\xc0\xaf", b"\xed\xa0\x80", b"\xe4\xb8"):
            self.path("broken").write_bytes(TEXT.encode() + broken)
            self.refuses_data(INPUT, "E_UTF8", "broken", f"byte {len(TEXT)}")
            self.train("--tokenizer", "bytes", data="broken")
            shutil.rmtree(self.path("run"))
            self.refuses(INPUT, "E_UTF8", "tokenizer", "train", "--vocab", "300", "broken", "-o", "t.json", says=f"byte {len(TEXT)}")
        for policy in ("replace", "bytes"):
            self.accepts("tokenizer", "train", "--vocab", "300", "--invalid", policy, "broken", "-o", policy + ".json")
            self.train("--tokenizer", policy + ".json", data="broken", run=policy)

    def test_H04_nul_crlf_and_no_last_line_end(self):
        for name, text in (("nul", TEXT.replace("sat", "s\0t")), ("crlf", TEXT.replace(". ", ".\r\n")), ("line", TEXT.rstrip())):
            self.path(name).write_bytes(text.encode())
            for tokenizer in ("char", "bytes"):
                self.train("--tokenizer", tokenizer, data=name, run=name + tokenizer)
        self.assertIn("\r", json.loads((self.path("crlfchar") / "last" / "tokenizer.json").read_bytes())["model"]["vocab"])

    def test_H05_H11_files_that_are_no_text(self):
        self.path("utf16").write_bytes(TEXT.encode("utf-16"))
        self.refuses_data(INPUT, "E_UTF8", "utf16", "UTF-16")
        for name, content, says in (("gz", gzip.compress(b"text"), "gzip"), ("zip", b"PK\x03\x04" + b"x" * 100, "zip"), ("pdf", b"%PDF-1.4 ...", "PDF"),
                                    ("program", b"\x7fELF" + b"x" * 100, "ELF")):
            self.path(name).write_bytes(content)
            for tokenizer in ("bytes",) if name == "program" else ("char", "bytes"):
                done = self.mote("train", "--data", name, "--tokenizer", tokenizer, *SHORT, "-o", "run")
                self.assertEqual(done.returncode, INPUT, done.stderr)
                self.assertIn(b"E_TYPE", done.stderr)
                self.assertIn(says.encode(), done.stderr)

    def test_H06_one_line_of_any_length(self):
        self.path("line").write_text("abc" * 1_000_000)
        self.train("--tokenizer", "bytes", data="line")

    def test_H07_text_without_variety_trains_to_finite_losses(self):
        self.path("same").write_text("a" * 3000)
        self.path("spaces").write_text(" \n\t" * 1000)
        for data in ("same", "spaces"):
            self.train(data=data, run="run" + data)
            self.assertNotIn("null", (self.path("run" + data) / "log.jsonl").read_text())
            self.accepts("tokenizer", "train", "--vocab", "300", data, "-o", data + ".json")

    def test_H09_text_without_enough_to_merge(self):
        done = self.accepts("tokenizer", "train", "--vocab", "4000", "text", "-o", "t.json")
        self.assertIn(b"--vocab allowed 4000", done.stderr)

    def test_H10_names_of_control_tokens_are_read_as_such_in_texts_and_literally_in_pairs(self):
        self.path("t.txt").write_text((TEXT + "<|endoftext|>") * 2)
        self.path("p.jsonl").write_text('{"prompt": "<|endoftext|>", "completion": "b"}\n' * 4)
        self.assertIn(b"%d tokens" % (2 * len(TEXT) + 3), self.accepts("train", "--data", "t.txt", "--tokenizer", "bytes", *SHORT, "--dry-run").stdout)
        self.assertIn(b"60 tokens", self.accepts("train", "--data", "p.jsonl", "--tokenizer", "bytes", *SHORT, "--dry-run").stdout)

    def test_a_folder_is_the_texts_in_it(self):
        self.path("many/deep").mkdir(parents=True)
        self.path("many/b.txt").write_text(TEXT)
        self.path("many/deep/a.md").write_text(TEXT)
        self.path("many/.hidden").write_text("not read")
        self.path("many/empty").write_bytes(b"")
        self.path("many/picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
        done = self.accepts("train", "--data", "many", "--tokenizer", "bytes", *SHORT, "--dry-run")
        self.assertIn(b"%d tokens" % (2 * len(TEXT) + 2), done.stdout)
        self.assertIn(b"2 files are not text", done.stderr)
        self.path("none").mkdir()
        self.refuses_data(INPUT, "E_EMPTY", "none", "no file of text")

    def test_characters_that_a_tokenizer_lacks_are_counted_aloud(self):
        self.accepts("tokenizer", "train", "--type", "char", "text", "-o", "t.json")
        self.path("other").write_text(TEXT + "\u4f60\u597d")
        self.assertIn(b"unknown to the tokenizer", self.train("--tokenizer", "t.json", data="other").stderr)


class Resume(Training):
    def test_M09_other_settings_data_and_tokenizers_are_refused_by_name(self):
        self.train()
        for option, value, name in (("--dim", "32", "dim"), ("--steps", "8", "steps"), ("--threads", "1", "threads"), ("--seed", "2", "seed"),
                                    ("--tokenizer", "bytes", "tokenizer"), ("--family", "llama", "family")):
            self.refuses(INPUT, "E_MISMATCH", "train", "--resume", "-o", "run", option, value, says=name)
        self.path("text").write_text(TEXT + "the")
        self.refuses(INPUT, "E_MISMATCH", "train", "--resume", "-o", "run", says="data")
        self.path("text").unlink()
        self.refuses(IO, "E_IO", "train", "--resume", "-o", "run", says="text")

    def test_a_folder_with_a_run_is_not_begun_anew_and_an_empty_one_not_resumed(self):
        self.train()
        self.refuses(USAGE, "E_ARG", "train", "--data", "text", *SHORT, "-o", "run", says="--resume")
        self.path("empty").mkdir()
        self.assertIn(b"E_MISSING", self.mote("train", "--resume", "-o", "empty").stderr)

    def test_a_run_that_is_done_says_its_loss_again(self):
        first = self.train().stdout.splitlines()[:3]
        self.assertEqual(self.accepts("train", "--resume", "-o", "run").stdout.splitlines()[:3], first)

    def change_state(self, change):
        """Rewrites the header of the newest training state, with a checksum that fits."""
        path = self.path("run") / "last" / "train_state"
        state = path.read_bytes()
        version, size = struct.unpack_from("<II", state, 8)
        header = json.loads(state[16:16 + size])
        version = change(header) or version
        text = json.dumps(header).encode()
        body = state[:8] + struct.pack("<II", version, len(text)) + text + state[16 + size:-4]
        path.write_bytes(body + struct.pack("<I", zlib.crc32(body)))

    def test_M10_a_newer_version_is_refused_and_not_passed_over(self):
        self.train()
        self.change_state(lambda header: 9)
        self.refuses(INPUT, "E_VERSION", "train", "--resume", "-o", "run", says="version 9")

    def test_M11_M12_a_state_without_a_part_is_no_checkpoint(self):
        for key in ("step", "data_crc", "data_tokens", "parameters", "settings", "files", "best_step"):
            self.train()
            self.change_state(lambda header: header.pop(key) and None)
            done = self.accepts("train", "--resume", "-o", "run")
            self.assertIn(f"mote: damaged checkpoint: error E_MISSING".encode(), done.stderr, key)
            shutil.rmtree(self.path("run"))

    def test_M13_steps_have_64_bits(self):
        self.train()
        self.change_state(lambda header: header.update(step=2**32 + 5))
        done = self.accepts("train", "--resume", "-o", "run")
        self.assertIn(str(2**32 + 5).encode(), done.stdout)

    def test_M16_the_clock_has_no_say(self):
        self.train()
        for age, step in enumerate(("step-00000002", "step-00000004")):
            os.utime(self.path("run") / step, (1e9 - age * 1e6,) * 2)
        self.assertIn(b"steps            4\n", self.accepts("train", "--resume", "-o", "run").stdout)


class Processes(Training):
    def start(self, *more):
        process = subprocess.Popen([MOTE, "train", "--data", "text", *LONG, "-o", "run", *more], cwd=self.folder, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        log = self.path("run") / "log.jsonl"
        while not log.exists() or not log.read_bytes():
            self.assertIsNone(process.poll())
            time.sleep(0.01)
        return process

    def test_J13_an_interrupt_saves_and_ends_with_130(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start()
            process.send_signal(number)
            errors = process.communicate(timeout=60)[1]
            self.assertEqual(process.returncode, INTERRUPTED, errors)
            self.assertRegex(errors.splitlines()[-1], rb"^mote: error E_INTERRUPTED")
            state = (self.path("run") / "last" / "train_state").read_bytes()
            step = json.loads(state[16:16 + struct.unpack_from("<I", state, 12)[0]])["step"]
            self.assertGreaterEqual(step, 10)
            shutil.rmtree(self.path("run"))

    def test_M15_one_trainer_a_folder_and_a_dead_one_leaves_no_lock(self):
        process = self.start()
        self.refuses_beside("train", "--data", "text", *SHORT, "-o", "run")
        self.refuses_beside("train", "--resume", "-o", "run")
        process.kill()
        process.wait()
        self.assertTrue((self.path("run") / "lock").exists())
        self.train()

    def refuses_beside(self, *arguments):
        done = self.mote(*arguments)
        self.assertEqual(done.returncode, INPUT, done.stderr)
        self.assertRegex(done.stderr, rb"^mote: error E_STATE: run: another trainer")

    def test_progress_is_for_terminals_only(self):
        self.assertNotIn(b"\r", self.train().stderr)
        shutil.rmtree(self.path("run"))
        ours, theirs = pty.openpty()
        process = subprocess.Popen([MOTE, "train", "--data", "text", *LONG, "-o", "run"], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs)
        os.close(theirs)
        seen = b""
        while b"tokens/s" not in seen:
            seen += os.read(ours, 1000)
        process.kill()
        process.wait()
        os.close(ours)
        self.assertRegex(seen, rb"\rstep \d+ of 100000000, loss [0-9.]+, \d+ tokens/s, \d+ s left")


class Memory(Training):
    def peak(self, *arguments):
        environment = {**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=1"}
        child = subprocess.Popen([MOTE, *arguments], cwd=self.folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(child.returncode, OK)
        return usage.ru_maxrss * 1024

    def grows_by(self, *arguments):
        """Bytes of memory that 24 MB of the same words take more than 8 MB of them."""
        for name, megabytes in (("small", 8), ("large", 24)):
            self.path(name).write_bytes((TEXT.encode() * 800)[:1_000_000] * megabytes)
        return self.peak(*[a.replace("DATA", "large") for a in arguments]) - self.peak(*[a.replace("DATA", "small") for a in arguments])

    def test_of_tokenizer_train_does_not_grow_with_the_text(self):
        self.assertLess(self.grows_by("tokenizer", "train", "--vocab", "300", "-t", "2", "DATA", "-o", "DATA.json"), 6_000_000)

    def test_of_train_does_not_grow_with_the_text(self):
        self.assertLess(self.grows_by("train", "--data", "DATA", "--tokenizer", "bytes", *SHORT, "-o", "runDATA"), 6_000_000)


class Pairs(Training):
    def test_eval_pairs_counts_and_refuses(self):
        self.pack()
        self.path("p.jsonl").write_text('{"prompt": "a", "completion": "b"}\n')
        self.assertIn(b"pairs       1\nexact       ", self.accepts("eval", "-m", "m.mote", "--pairs", "p.jsonl").stdout)
        for lines, code in (("", "E_EMPTY"), ('{"prompt": "a"}\n', "E_MISSING"), ('{"prompt": 1, "completion": "b"}\n', "E_TYPE"),
                            ('{"prompt": "a", "completion": ""}\n', "E_EMPTY"), ("{\n", "E_SYNTAX"), ("[1]\n", "E_TYPE"),
                            ('{"prompt": "a", "prompt": "c", "completion": "b"}\n', "E_DUP")):
            self.path("p.jsonl").write_text(lines)
            self.refuses(INPUT, code, "eval", "-m", "m.mote", "--pairs", "p.jsonl", says="p.jsonl")
            done = self.mote("train", "--data", "p.jsonl", "--tokenizer", "bytes", *SHORT, "-o", "run")
            self.assertEqual((done.returncode, code.encode() in done.stderr), (INPUT, True), done.stderr)
        self.refuses(IO, "E_IO", "eval", "-m", "m.mote", "--pairs", "absent.jsonl")
