"""added: added tokens with conditions on a board in its emulator: the tokens of tests/host/known_pipelines.py around them.
added.py BOARD TEXTS_FOR_BOARD BUILDS"""
import json
import os
import sys

from on_board import HERE, firmware, tokens_on


def has_conditions(tokenizer):
    """Whether the tokenizer needs the record of SPEC 6.7."""
    return any(t["lstrip"] or t["rstrip"] or t["single_word"] or (t["normalized"] and not t["special"]) for t in tokenizer["added_tokens"])


def main():
    board, texts_for_board, builds = sys.argv[1:]
    with open(os.path.join(HERE, "../host/known_pipelines.json"), encoding="utf-8") as file:
        pipelines = [p for p in json.load(file) if has_conditions(p["tokenizer"])]
    program = firmware.build(board, "tokenizer_board", builds)
    failed = len(pipelines) < 10
    for pipeline in pipelines:
        texts, expected = zip(*pipeline["texts"])
        got = tokens_on(board, program, texts_for_board, pipeline["tokenizer"], texts, "parse_special")
        passed = sum(a == b for a, b in zip(got, expected))
        print("%s on %s: %d of %d" % (pipeline["name"], board, passed, len(expected)))
        failed |= passed != len(expected) or len(got) != len(expected)
    return failed


sys.exit(main())
