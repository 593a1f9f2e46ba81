"""on_board: the tokens that a board in its emulator makes of texts."""
import json
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import firmware


def tokens_on(board, program, texts_for_board, tokenizer, texts, *options):
    """A list of tokens for each text; `tokenizer` is what a tokenizer.json holds."""
    with tempfile.TemporaryDirectory() as folder:
        source, written, blob = (os.path.join(folder, name) for name in ("tokenizer.json", "texts", "blob"))
        with open(source, "w", encoding="utf-8") as file:
            json.dump(tokenizer, file)
        with open(written, "w", encoding="utf-8", newline="") as file:
            file.write("".join(text + "\n__ggml_vocab_test__\n" for text in texts))
        firmware.quiet([texts_for_board, source, written, blob, *options])
        lines = firmware.run(board, program, model=blob).splitlines()
    return [[int(token) for token in line.replace(" differs", "").split()] for line in lines]
