"""import: checkpoints from outside: memory, pickles, and damaged files of each kind through the whole program."""

import io
import json
import os
import pickle
import struct
import time
import zipfile

from program import INPUT, Case, Measured

MIB = 1 << 20
READ = ["tokenize", "--prompt", "a", "--tokenizer"]


class Memory(Measured):
    def test_of_an_import_is_bounded_by_the_largest_tensor(self):
        model = self.large_model()
        small = self.peak("--version")
        for weights in ("f32", "q8"):
            used = self.peak("pack", "model.bin", "--weights", weights, "-o", weights + ".mote") - small
            self.assertLess(used, model / 4, weights)


# ---- sound files, as small as they can be, whose bytes are then damaged


def gguf():
    """One key and one tensor."""
    key, name = b"general.architecture", b"token_embd.weight"
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + struct.pack("<Q", len(key)) + key + struct.pack("<IQ", 8, 5) + b"llama"
    head += struct.pack("<Q", len(name)) + name + struct.pack("<IQIQ", 1, 32, 0, 0)
    return head + bytes(-len(head) % 32) + bytes(128)


def safetensors(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensor(**changed):
    return {"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16], **changed}}


def sentencepiece(*pieces):
    """Pieces of the given texts behind <unk>."""
    def piece(text, kind):
        body = b"\x0a" + bytes([len(text)]) + text + b"\x15" + struct.pack("<f", -1) + b"\x18" + bytes([kind])
        return b"\x0a" + bytes([len(body)]) + body
    return piece(b"<unk>", 2) + b"".join(piece(text, 1) for text in pieces) + b"\x12\x02\x18\x02"


def torch_file(pickled):
    """A checkpoint with this pickle and no storages."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a/data.pkl", pickled)
    return file.getvalue()


def tokenizer(**changed):
    bytes_ = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}
    return json.dumps({"added_tokens": [], "normalizer": None, "pre_tokenizer": bytes_, "post_processor": None, "decoder": bytes_,
                       "model": {"type": "BPE", "unk_token": "a", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"],
                                 **changed}}).encode()


class Damaged(Measured):
    """What holds for every refusal, with files of every kind: code, line, exit, outputs, and the same again."""

    def refuses_file(self, name, data, code, says="", verbs=(["pack"],)):
        file = self.path(name)
        file.write_bytes(data)
        self.path("out.mote").write_bytes(b"what was there")
        for verb in verbs:
            output = ["-o", "out.mote", "--force"] if verb[0] == "pack" else []
            first = self.refuses(INPUT, code, *verb, name, *output, says=says)
            again = self.refuses(INPUT, code, *verb, name, *output, says=says)
            self.assertEqual(first.stderr, again.stderr)
            self.assertIn(name.encode(), first.stderr)
        file.unlink()

    def test_B_gguf(self):
        good = gguf()
        for data, code, says in [
                (b"FUGG" + good[4:], "E_MAGIC", ""), (good[:4] + struct.pack("<I", 4) + good[8:], "E_VERSION", "2 and 3"),
                (good[:4] + struct.pack(">I", 3) + good[8:], "E_ENDIAN", "big-endian"),
                (good[:8] + b"\xff" * 8 + good[16:], "E_LIMIT", "tensors"),
                (good[:16] + b"\xff" * 8 + good[24:], "E_LIMIT", "keys"), (good[:24] + b"\xff" * 8 + good[32:], "E_LIMIT", "65535"),
                (good[:-1], "E_TRUNC", "cut"), (good + bytes(64), "E_TRAILING", "64 bytes")]:
            with self.subTest(says):
                self.refuses_file("m.gguf", data, code, says)

    def test_C_safetensors(self):
        sixteen = bytes(16)
        for data, code, says in [
                (safetensors(b"{"), "E_SYNTAX", ""), (struct.pack("<Q", 1 << 63), "E_LIMIT", "header"), (b"", "E_TRUNC", "empty"),
                (safetensors(tensor(shape=[3]), sixteen), "E_SHAPE", "12 bytes"),
                (safetensors(tensor(shape=[1 << 32, 1 << 32]), sixteen), "E_OVERFLOW", "64 bits"),
                (safetensors(tensor(), sixteen[1:]), "E_RANGE", "cut"),
                (safetensors(tensor(), sixteen + b"PK"), "E_TRAILING", "2 bytes"),
                (safetensors(tensor(dtype="F4"), sixteen), "E_UNSUPPORTED", "F4"),
                (safetensors(b'{"a":' + b"[" * 100000), "E_DEPTH", "levels"), (safetensors(b'{"\xff":1}'), "E_UTF8", "byte"),
                (safetensors(tensor(data_offsets=[16, 0]), sixteen), "E_RANGE", "behind"),
                (safetensors(tensor(shape=[4.0]), sixteen), "E_TYPE", "integer")]:
            with self.subTest(says):
                self.refuses_file("m.safetensors", data, code, says)

    def test_E_tokenizer_json(self):
        for data, code, says in [
                (b"", "E_EMPTY", ""), (tokenizer()[:-1], "E_SYNTAX", "byte"), (b"[" * 100000, "E_DEPTH", ""),
                (b'{"a": "\\ud800"}', "E_UTF8", "surrogate"),
                (tokenizer(vocab={}), "E_EMPTY", "vocab"), (tokenizer(vocab={"a": 0, "b": 0}), "E_DUP", "id 0"),
                (tokenizer(merges=["a x"]), "E_TOKEN", "x"),
                (tokenizer(merges=["ab"]), "E_SYNTAX", "merges[0]"), (tokenizer(type="WordLevel"), "E_UNSUPPORTED", "WordLevel")]:
            with self.subTest(says):
                self.refuses_file("tokenizer.json", data, code, says, [READ])

    def test_F_sentencepiece(self):
        good = sentencepiece(b"a", b"b")
        for data, code, says in [
                (good[:-1], "E_TRUNC", "byte"), (good + b"\xff" * 11, "E_SYNTAX", "64 bits"),
                (sentencepiece(b"a", b"a"), "E_DUP", "repeats"),
                (sentencepiece(b"a", b""), "E_EMPTY", "no text"), (good + b"\x0b", "E_SYNTAX", "wire type")]:
            with self.subTest(says):
                self.refuses_file("tokenizer.model", data, code, says, [READ])

    def test_G_vocab_and_merges(self):
        for data, code, says in [
                (b"[UNK]\n\na\n", "E_EMPTY", "line 2"), (b"[UNK]\na\na\n", "E_DUP", "line 3"),
                (b"[UNK]\na\0\n", "E_UTF8", "column 2")]:
            with self.subTest(says):
                self.refuses_file("vocab.txt", data, code, says, [READ])
        self.path("vocab.json").write_text(json.dumps({"a": 0, "b": 1, "ab": 2}))
        self.path("special_tokens_map.json").write_text(json.dumps({"unk_token": "a"}))
        for data, code, says in [
                (b"", "E_EMPTY", ""), (b"a b\n\nb a\n", "E_EMPTY", "line 2"), (b"a  b\n", "E_SYNTAX", "line 1"),
                (b"a x\n", "E_TOKEN", "x")]:
            with self.subTest(says):
                self.path("merges.txt").write_bytes(data)
                self.refuses(INPUT, code, *READ, "vocab.json", says=says)
        self.path("merges.txt").write_text("a b\n")
        for data, code, says in [
                (b"", "E_EMPTY", ""), (b'{"<x>": 3', "E_SYNTAX", "byte"), (b'{"<x>": 2}', "E_DUP", "id 2"), (b'{"a": 3}', "E_DUP", "3"),
                (b'{"<x>": 4}', "E_RANGE", "4"), (b'["<x>"]', "E_TYPE", "object")]:
            with self.subTest(says):
                self.path("added_tokens.json").write_bytes(data)
                self.refuses(INPUT, code, *READ, "vocab.json", says=says)

    def test_files_of_a_gigabyte_are_refused_at_once(self):
        """E20, F09, G07: nothing is read to its end to find out that it is too long."""
        small = self.peak("--version")
        self.path("vocab.json").write_text(json.dumps({"a": 0}))
        for name, beginning in [("tokenizer.json", b'{"model": "'), ("vocab.txt", b"[UNK]\n" + b"a" * 2000), ("merges.txt", b"a b"),
                                ("tokenizer.model", sentencepiece(b"a")), ("m.gguf", gguf()),
                                ("m.safetensors", safetensors(tensor(), bytes(16)))]:
            with self.subTest(name):
                with open(self.path(name), "wb") as file:  # the rest is a hole
                    file.write(beginning)
                    file.truncate(1024 * MIB)
                read = "vocab.json" if name == "merges.txt" else name
                verb = ["inspect"] if name[0] == "m" and name != "merges.txt" else READ
                began = time.monotonic()
                self.assertLess(self.peak(*verb, read, code=INPUT) - small, 64 * MIB)
                self.assertLess(time.monotonic() - began, 20)


# ---- pickles


class Call:
    """Unpickled, it calls a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


class Pickles(Case):
    def test_nothing_in_a_pickle_is_run(self):
        touch, python = "touch owned", "open('owned', 'w')"
        raw = [b"\x80\x02cos\nsystem\n(X\x0b\x00\x00\x00touch ownedtR.",       # GLOBAL, REDUCE
               b"(S'touch owned'\nios\nsystem\n.",                            # INST, protocol 0
               b"\x80\x02(cos\nsystem\nX\x0b\x00\x00\x00touch ownedo.",          # OBJ
               b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x0btouch owned\x85R.",   # STACK_GLOBAL
               b"\x80\x02ccollections\nOrderedDict\n)R}X\x01\x00\x00\x00acos\nsystem\nsb."]  # BUILD
        made = [pickle.dumps(value, protocol) for protocol in (2, 3, 4, 5) for value in (
            Call(os.system, touch), {"model": {"w": Call(eval, python)}}, [[Call(exec, python)]], {"w": Call(getattr, "", "system")},
            {"w": Call(Call, 1)}, {Call(os.system, touch): 1})]
        for pickled in raw + made:
            with self.subTest(pickled[:60]):
                self.path("evil.pt").write_bytes(torch_file(pickled))
                self.refuses(INPUT, "E_UNSUPPORTED", "pack", "evil.pt", "-o", "out.mote")
                self.refuses(INPUT, "E_UNSUPPORTED", "inspect", "evil.pt")
        self.assertFalse(self.path("owned").exists())
        self.path("evil.pt").write_bytes(raw[0])  # no zip file around it
        self.refuses(INPUT, "E_UNSUPPORTED", "pack", "evil.pt", "-o", "out.mote", says="before version 1.6")

    def test_python_itself_runs_what_is_refused_here(self):
        path = os.fsencode(self.path("owned"))
        pickle.loads(b"\x80\x02cos\nmkdir\n(X" + struct.pack("<I", len(path)) + path + b"tR.")
        self.assertTrue(self.path("owned").is_dir())
