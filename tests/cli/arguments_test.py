"""arguments: what the command line may say. The numbers are those of the catalogue of bad input."""

import os
import pathlib
import resource
import struct
import zlib

from program import INPUT, IO, LIMIT, MOTE, SMALL, USAGE, Case


class Words(Case):
    def test_J01_unknown_verbs_and_options_are_refused_with_the_nearest_name(self):
        self.pack()
        self.refuses(USAGE, "E_ARG", "pak", says="did you mean pack")
        self.refuses(USAGE, "E_ARG", "run", "-m", "m.mote", "--temperatur", "1", says="--temp")
        self.refuses(USAGE, "E_ARG", "run", "-m", "m.mote", "--seeed", "1", says="--seed")
        self.refuses(USAGE, "E_ARG", "run", "-m", "m.mote", "stray")

    def test_J01_no_verb_is_refused(self):
        self.refuses(USAGE, "E_ARG")

    def test_J01_options_without_a_value_are_refused(self):
        self.refuses(USAGE, "E_ARG", "run", "-m")
        self.refuses(USAGE, "E_ARG", "pack", "--random", SMALL, "-o")

    def test_J01_required_options_are_asked_for(self):
        self.refuses(USAGE, "E_ARG", "run", "-p", "a", says="--model")
        self.refuses(USAGE, "E_ARG", "pack", "--random", SMALL, says="--output")

    def test_J01_options_given_twice_are_refused(self):
        self.pack()
        self.refuses(USAGE, "E_ARG", "run", "-m", "m.mote", "-n", "1", "-n", "2")
        self.refuses(USAGE, "E_ARG", "run", "-m", "m.mote", "-m", "m.mote")

    def test_options_that_exclude_each_other_are_refused(self):
        self.pack()
        self.refuses(USAGE, "E_ARG", "run", "-m", "m.mote", "-p", "a", "--prompt-ids", "1")
        self.refuses(USAGE, "E_ARG", "pack", "--random", SMALL, "checkpoint", "-o", "x.mote")

    def test_every_verb_explains_itself_with_an_example(self):
        for verb in ("pack", "run", "plan", "inspect", "verify", "tokenize", "eval", "image", "targets"):
            done = self.accepts(verb, "--help")
            self.assertIn(b"Example: mote " + verb.encode(), done.stdout)
            self.assertEqual(done.stderr, b"")

    def test_the_version_is_printed(self):
        self.assertRegex(self.accepts("--version").stdout, rb"^mote \d+\.\d+\.\d+\n$")


class Numbers(Case):
    def test_J02_counts_are_read_whole(self):
        self.pack()
        for text in ("1e3", "0x10", "12abc", "-1", "18446744073709551616", "4294967296", "", " 5", "5 ", "+5", "1.0", "\u0665"):
            for option in ("-n", "-c", "--tile", "--top-k"):
                self.refuses(USAGE, "E_ARG", "run", "-m", "m.mote", option + "=" + text if option.startswith("--") else option + text or option)

    def test_J02_seeds_are_64_bits(self):
        self.pack()
        self.accepts("run", "-m", "m.mote", "-n", "1", "-s", "18446744073709551615")
        for text in ("18446744073709551616", "-1", "1.5", "0x1", "abc"):
            self.refuses(USAGE, "E_ARG", "run", "-m", "m.mote", "-n", "1", "--seed=" + text)

    def test_J03_real_numbers_are_finite(self):
        self.pack()
        for text in ("nan", "inf", "-inf", "1e999", "0,8", "abc", "", "0.5x"):
            for option in ("--temp", "--top-p", "--min-p"):
                self.refuses(USAGE, "E_ARG", "run", "-m", "m.mote", "-n", "1", option + "=" + text)

    def test_K14_settings_of_the_sampler_have_their_ranges(self):
        self.pack()
        for option, bad in (("--temp", ("-1", "-0.001")), ("--top-p", ("0", "-0.5", "1.01")), ("--min-p", ("-0.1", "1.01"))):
            for text in bad:
                self.refuses(USAGE, "E_ARG", "run", "-m", "m.mote", "-n", "1", option + "=" + text, says=option)
        for good in (("--temp", "0"), ("--temp", "1e-30"), ("--top-p", "1"), ("--min-p", "1"), ("--top-k", "4294967295")):
            self.accepts("run", "-m", "m.mote", "-n", "2", *good)

    def test_J04_shapes_are_checked_before_any_work(self):
        for shape in ("llama:dim=0", "llama:layers=0", "llama:heads=3,kv_heads=2", "llama:vocab=16777217", "llama:context=65536", "llama:dim=65536",
                      "llama:heads=0", "mamba:dim=8", "llama:depth=3", "llama:dim=8,dim=8", "llama:dim", "nonsense", "llama:scale=none"):
            self.refuses(USAGE, "E_ARG", "pack", "--random", shape, "-o", "x.mote")

    def test_unknown_formats_are_refused(self):
        for text in ("q5", "", "q8,embedding", "q8,nothing=q4", "q8,embedding=int8", "u32"):
            self.refuses(USAGE, "E_ARG", "pack", "--random", SMALL, "--weights=" + text, "-o", "x.mote")
        self.pack()
        self.refuses(USAGE, "E_ARG", "run", "-m", "m.mote", "--kv", "q4")

    def test_token_lists_are_read_whole(self):
        self.pack()
        for text in ("", ",", "1,", ",1", "1,,2", "a", "1 2", "-1", "4294967296"):
            self.refuses(USAGE, "E_ARG", "run", "-m", "m.mote", "--ids", "-n", "1", "--prompt-ids=" + text)


class Limits(Case):
    def test_J05_a_session_beyond_memory_is_refused_before_it_starts(self):
        self.pack("m.mote", "llama:dim=8,layers=1,heads=64,head_dim=512,hidden=8,vocab=8,context=65535")
        # 65535 tokens x 2 x 64 x 512 numbers of 4 bytes are 17 GB.
        limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
        if b"__asan_" in pathlib.Path(MOTE).read_bytes():
            self.skipTest("a sanitizer needs its address space")
        self.refuses(LIMIT, "E_NOMEM", "run", "-m", "m.mote", "--prompt-ids", "0", "--ids", "-n", "1", "-c", "65535", "--kv", "f32", says="-c", preexec_fn=limit)

    def test_K03_prompts_around_the_context(self):
        self.pack()
        run = ("run", "-m", "m.mote", "-c", "8", "--ids", "--prompt-ids")
        self.accepts(*run, "1,2,3,4,5,6,7")
        self.accepts(*run, "1,2,3,4,5,6,7,8")
        self.refuses(LIMIT, "E_CONTEXT", *run, "1,2,3,4,5,6,7,8,9", says="9")

    def test_K08_counts_around_the_room(self):
        self.pack()
        run = ("run", "-m", "m.mote", "-c", "8", "--ids", "--prompt-ids", "1,2,3", "--ignore-eos", "-n")
        self.assertEqual(self.accepts(*run, "0").stdout, b"\n")
        self.assertEqual(len(self.accepts(*run, "6").stdout.split()), 6)  # the last is never read
        self.refuses(LIMIT, "E_CONTEXT", *run, "7", says="8")
        self.refuses(LIMIT, "E_CONTEXT", *run, "4294967295")

    def test_K06_tokens_outside_the_vocabulary(self):
        self.pack()
        for token in ("259", "260", "4294967295"):
            self.refuses(INPUT, "E_TOKEN", "run", "-m", "m.mote", "--ids", "-n", "1", "--prompt-ids", "1," + token, says=token)
        self.accepts("run", "-m", "m.mote", "--ids", "-n", "1", "--prompt-ids", "1,258")

    def test_contexts_beyond_the_models_are_refused_with_both_numbers(self):
        self.pack()
        done = self.refuses(LIMIT, "E_LIMIT", "run", "-m", "m.mote", "-c", "33", "-n", "1", says="33")
        self.assertIn(b"32", done.stderr)


class Models(Case):
    def test_A01_an_empty_file(self):
        self.path("m.mote").write_bytes(b"")
        self.refuses(INPUT, "E_EMPTY", "inspect", "m.mote")

    def test_A03_a_cut_file(self):
        file = self.pack()
        data = file.read_bytes()
        for size in (1, 63, 64, 1000, len(data) - 1):
            file.write_bytes(data[:size])
            for verb in ("inspect", "verify", "plan"):
                self.refuses(INPUT, "E_TRUNC", verb, "-m", "m.mote", says=str(size))

    def test_A05_a_file_after_a_text_mode_transfer(self):
        file = self.pack()
        data = file.read_bytes()
        for changed in (data.replace(b"\n", b"\r\n"), data.replace(b"\r\n", b"\n")):
            file.write_bytes(changed)
            self.refuses(INPUT, "E_MAGIC", "inspect", "m.mote", says="text-mode transfer")

    def test_A06_a_pointer_of_git_lfs(self):
        self.path("m.mote").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 1\n")
        self.refuses(INPUT, "E_MAGIC", "run", "-m", "m.mote", says="Git LFS")

    def test_A13_a_flipped_bit(self):
        file = self.pack()
        data = bytearray(file.read_bytes())
        data[-1] ^= 4
        file.write_bytes(data)
        for verb in ("inspect", "verify", "plan"):
            self.refuses(INPUT, "E_CRC", verb, "-m", "m.mote")

    def test_A26_a_scale_that_is_no_number_is_found_by_verify(self):
        file = self.pack()
        data = bytearray(file.read_bytes())
        for scale in (b"\x80\x7f", b"\x80\xff", b"\xc0\x7f", b"\x01\xff"):  # the last row's: infinities, numbers that are none
            data[-2:] = scale
            data[52:56] = struct.pack("<I", zlib.crc32(data[64:]))
            data[60:64] = struct.pack("<I", zlib.crc32(data[:60]))
            file.write_bytes(data)
            self.accepts("inspect", "m.mote")
            self.refuses(INPUT, "E_NONFINITE", "verify", "m.mote", says="row")

    def test_K12_weights_that_are_not_finite_never_become_a_token(self):
        file = self.pack()
        data = bytearray(file.read_bytes())
        offset, size = struct.unpack_from("<QQ", data, struct.unpack_from("<I", data, 36)[0] + 16)  # the token embedding
        for at in range(offset + size - 2 * 260, offset + size, 2):
            data[at:at + 2] = b"\xc0\x7f"
        data[52:56] = struct.pack("<I", zlib.crc32(data[64:]))
        data[60:64] = struct.pack("<I", zlib.crc32(data[:60]))
        file.write_bytes(data)
        for temperature in ("0", "0.8"):
            self.refuses(INPUT, "E_NONFINITE", "run", "-m", "m.mote", "--ids", "--prompt-ids", "1,2", "-n", "3", "--temp", temperature)

    def test_a_model_without_a_tokenizer_wants_ids(self):
        self.pack("m.mote", "llama:dim=16,layers=1,heads=2,vocab=20,context=8")
        self.refuses(INPUT, "E_MISSING", "run", "-m", "m.mote", "-p", "a", "-n", "1", says="--prompt-ids")
        self.refuses(INPUT, "E_MISSING", "tokenize", "-t", "m.mote", "-p", "a")
        self.accepts("run", "-m", "m.mote", "--prompt-ids", "1", "--ids", "-n", "2")

    def test_files_that_are_not_there_or_no_files(self):
        self.path("folder").mkdir()
        for path in ("absent.mote", "folder", "/dev/null"):
            self.refuses(IO, "E_IO", "verify", path, says=path)
        for path in ("absent.mote", "/dev/null"):
            self.refuses(IO, "E_IO", "inspect", path, says=path)
        self.refuses(INPUT, "E_MISSING", "inspect", "folder", says="folder")  # it may hold a checkpoint
        self.pack()
        self.refuses(IO, "E_IO", "eval", "-m", "m.mote", "-f", "absent.txt", says="absent.txt")
        self.refuses(IO, "E_IO", "run", "-m", "m.mote", "-f", "folder", says="folder")

    def test_H01_a_pipe_that_nobody_writes_is_refused_at_once(self):
        os.mkfifo(self.path("pipe"))
        self.refuses(IO, "E_IO", "inspect", "pipe")


class Prompts(Case):
    def test_K01_an_empty_prompt_is_the_begin_token(self):
        self.pack()
        self.assertEqual(self.accepts("run", "-m", "m.mote", "-n", "3", "--ids", "--ignore-eos").stdout,
                         self.accepts("run", "-m", "m.mote", "-n", "3", "--ids", "--ignore-eos", "--prompt-ids", "1").stdout)
        self.refuses(INPUT, "E_EMPTY", "run", "-m", "m.mote", "-n", "3", "--no-bos", "-p", "")

    def test_K02_any_bytes_come_back_as_they_were(self):
        self.pack()
        for text in (b"\xff\xfe", b"\xc3", b"a\xed\xa0\x80b", b"\xf0\x9f\x98\x80", b"tab\tline\nend"):
            self.path("prompt").write_bytes(text)
            self.assertEqual(self.accepts("run", "-m", "m.mote", "-n", "0", "-f", "prompt").stdout, text + b"\n")
        self.path("prompt").write_bytes(b"nul\0nul")
        self.assertEqual(self.accepts("run", "-m", "m.mote", "-n", "0", "-f", "prompt").stdout, b"nul\0nul\n")

    def test_control_tokens_come_from_text_only_if_asked(self):
        self.pack()
        plain = self.accepts("tokenize", "-t", "m.mote", "-p", "</s>", "--ids").stdout.split()
        self.assertEqual(len(plain), 5)
        self.assertEqual(self.accepts("tokenize", "-t", "m.mote", "-p", "</s>", "--ids", "--parse-special").stdout.split(), [b"1", b"2"])
