"""chat: conversations with a random model, which never runs out of things to say."""

import json
import os
import pty
import struct
import subprocess

from program import INPUT, LIMIT, MOTE, OK, SMALL, USAGE, Case

TEMPLATE = "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}"
LONG = SMALL.replace("context=32", "context=128")


class Chat(Case):
    def model(self, shape=LONG):
        self.pack("m.mote", shape, "--chat-template", "chatml")

    def talk(self, lines, *arguments):
        self.path("lines").write_text(lines)
        with open(self.path("lines"), "rb") as stdin:
            return self.accepts("run", "-m", "m.mote", "--chat", "-n", "4", "--temp", "0", "--ignore-eos", "--digest", *arguments, stdin=stdin)

    def digests(self, done):
        return [line for line in done.stdout.split(b"\n") if line.startswith(b"digest ")]

    def test_each_line_is_a_turn_and_earlier_turns_count(self):
        self.model("llama:dim=16,layers=2,heads=2,hidden=24,vocab=259,context=512")
        both = self.digests(self.talk("a\n\nb\n"))
        self.assertEqual(len(both), 2)
        self.assertEqual(self.digests(self.talk("a\n")), both[:1])
        self.assertNotEqual(self.digests(self.talk("b\n")), both[1:])
        self.assertEqual(self.digests(self.talk("", "-p", "a")), both[:1])
        self.assertNotEqual(self.digests(self.talk("", "-p", "a", "--system", "x")), both[:1])

    def test_a_terminal_is_asked_and_a_pipe_is_not(self):
        self.model()
        ours, theirs = pty.openpty()
        with os.fdopen(ours, "wb", buffering=0) as keyboard:
            keyboard.write(b"a\n\x04")  # a line, and the end of the file
            spoken = self.accepts("run", "-m", "m.mote", "--chat", "-n", "4", "--temp", "0", "--ignore-eos", "--digest", stdin=theirs)
            os.close(theirs)
        self.assertEqual(spoken.stderr.count(b"> "), 2)
        with subprocess.Popen([MOTE, "run", "-m", "m.mote", "--chat", "-n", "4", "--temp", "0", "--ignore-eos", "--digest"], cwd=self.folder,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as piped:
            out, notes = piped.communicate(b"a\n", timeout=100)
        self.assertEqual(piped.returncode, OK, notes)
        self.assertNotIn(b"> ", notes)
        self.assertEqual(self.digests(spoken), [line for line in out.split(b"\n") if line.startswith(b"digest ")])

    def test_names_of_control_tokens_are_text_unless_asked_for(self):
        self.model()
        plain, asked = self.talk("</s>\n"), self.talk("</s>\n", "--special")
        self.assertNotEqual(self.digests(plain), self.digests(asked))

    def test_a_packed_model_gives_its_template_back(self):
        self.model()
        self.accepts("export", "m.mote", "--to", "hf", "-o", "out")
        config = json.loads(self.path("out/tokenizer_config.json").read_text())
        self.path("t.jinja").write_text(config["chat_template"])
        self.pack("again.mote", LONG, "--chat-template", "t.jinja")
        self.assertEqual(self.path("again.mote").read_bytes(), self.path("m.mote").read_bytes())

    def test_a_full_context_is_said(self):
        self.model()
        self.refuses(LIMIT, "E_CONTEXT", "run", "-m", "m.mote", "--chat", "-p", "x" * 100, "-n", "4", says="context")

    def test_a_model_without_template_is_refused(self):
        self.pack()
        self.refuses(INPUT, "E_MISSING", "run", "-m", "m.mote", "--chat", "-p", "x", says="--chat-template")

    def test_options_that_do_not_fit_are_refused(self):
        self.model()
        self.refuses(USAGE, "E_ARG", "run", "-m", "m.mote", "--system", "x", "-p", "x")
        self.refuses(USAGE, "E_ARG", "run", "-m", "m.mote", "--chat", "--prompt-ids", "1")
        self.refuses(USAGE, "E_ARG", "pack", "--random", SMALL, "-o", "n.mote", "--chat-template", "none", says="chatml")

    def test_a_template_from_a_file_is_taken_or_refused(self):
        self.path("t.jinja").write_text(TEMPLATE)
        self.pack("m.mote", LONG, "--chat-template", "t.jinja")
        self.assertEqual(len(self.digests(self.talk("a\nb\n"))), 2)
        self.path("other.jinja").write_text("{{ messages | length }}")
        self.refuses(INPUT, "E_UNSUPPORTED", "pack", "--random", LONG, "-o", "n.mote", "--chat-template", "other.jinja", says="chat template")

    def test_an_older_file_is_refused_by_its_version(self):
        path = self.pack()
        data = bytearray(path.read_bytes())
        struct.pack_into("<H", data, 8, 1)
        path.write_bytes(data)
        self.refuses(INPUT, "E_VERSION", "run", "-m", "m.mote", "-n", "1", says="pack the model again")
