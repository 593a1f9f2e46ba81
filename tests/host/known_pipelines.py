"""known_pipelines: what the tokenizers of well-known models make of texts. Writes known_pipelines.json beside itself.

Each pipeline is that of the model's own tokenizer.json, with a vocabulary of a few dozen pieces. It is followed step by step as Hugging
Face's tokenizers (0.21) do it, by Debian's python3-regex, unicodedata and, for a small `precompiled_charsmap`, python3-sentencepiece:
added tokens (leftmost, longest; what is to be normalized in a second search), normalizers, pre-tokenizers, the model. Control tokens are
read in the text, none are put around it.
"""
import base64
import io
import json
import os
import random
import tempfile
import unicodedata

import regex
import sentencepiece

MARK = "\u2581"
WHITE = regex.compile(r"\p{White_Space}")
WORD = regex.compile(r"[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]")
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def byte_alphabet():
    visible = list(range(0x21, 0x7f)) + list(range(0xa1, 0xad)) + list(range(0xae, 0x100))
    others = iter(range(0x100, 0x200))
    return [chr(b) if b in visible else chr(next(others)) for b in range(256)]


ALPHABET = byte_alphabet()


# ---- normalizers

CHARSMAP = {"\u3000": " ", "\u00a0": " ", "\t": " ", "\n": " ", "\r": " ", MARK: " ", "\u2460": "1", "\uff21": "A", "\u2026": "...", "\x01": "",
            "\ufb01": "fi", "\u2003": " ", "\u0085": " ", "\x0b": " ", "\x0c": " ", "\u2028": " ", "\u2029": " ", "\u202f": " ", "\u205f": " ",
            "\u1680": " ", **{chr(c): " " for c in range(0x2000, 0x200b)}}


def fields(message):
    """The fields of a protocol buffer: number, value."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        else:
            count = varint() if key & 7 == 2 else 4
            yield key >> 3, message[at:at + count]
            at += count


def precompiled():
    with tempfile.TemporaryDirectory() as folder:
        rules = os.path.join(folder, "rules.tsv")
        with open(rules, "w", encoding="utf-8") as out:
            for source, target in CHARSMAP.items():
                out.write("%X\t%s\n" % (ord(source), " ".join("%X" % ord(c) for c in target)))
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(["a b c ab"] * 9), model_writer=model, vocab_size=9, model_type="char",
                                                 normalization_rule_tsv=rules, minloglevel=2)
    spec = [value for number, value in fields(model.getvalue()) if number == 3][0]
    return [value for number, value in fields(spec) if number == 2][0]


def normalized(part, text):
    kind = part["type"]
    if kind == "Sequence":
        for inner in part["normalizers"]:
            text = normalized(inner, text)
        return text
    if kind in ("NFC", "NFD", "NFKC", "NFKD"):
        return unicodedata.normalize(kind, text)
    if kind == "Lowercase":
        return "".join(c.lower() for c in text)
    if kind == "StripAccents":
        return "".join(c for c in text if unicodedata.category(c)[0] != "M")
    if kind == "Strip":
        while part["strip_left"] and text and WHITE.match(text[0]):
            text = text[1:]
        while part["strip_right"] and text and WHITE.match(text[-1]):
            text = text[:-1]
        return text
    if kind == "Replace":
        pattern = part["pattern"].get("Regex") or regex.escape(part["pattern"]["String"])
        return regex.sub(pattern, lambda _: part["content"], text)
    if kind == "Prepend":
        return part["prepend"] + text if text else text
    if kind == "Precompiled":  # no character of the map is within a longer grapheme of the texts below
        return "".join(CHARSMAP.get(c, c) for c in text)
    if kind == "BertNormalizer":
        return bert_normalized(part, text)
    raise ValueError(kind)


def is_chinese(c):
    return any(a <= ord(c) <= b for a, b in ((0x4e00, 0x9fff), (0x3400, 0x4dbf), (0x20000, 0x2a6df), (0x2a700, 0x2b73f), (0x2b740, 0x2b81f),
                                             (0x2b820, 0x2ceaf), (0xf900, 0xfaff), (0x2f800, 0x2fa1f)))


def bert_normalized(part, text):
    if part["clean_text"]:
        kept = (c for c in text if c not in "\0\ufffd" and (c in "\t\n\r" or unicodedata.category(c)[0] != "C"))
        text = "".join(" " if WHITE.match(c) else c for c in kept)
    if part["handle_chinese_chars"]:
        text = "".join(" " + c + " " if is_chinese(c) else c for c in text)
    if part["lowercase"] if part["strip_accents"] is None else part["strip_accents"]:
        text = "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")
    return "".join(c.lower() for c in text) if part["lowercase"] else text


# ---- added tokens

def found_tokens(text, tokens):
    """Leftmost, longest matches that do not overlap, and their conditions: [id or None, begin, end]."""
    out, at, done = [], 0, 0
    while at < len(text):
        here = [t for t in tokens if text.startswith(t["matched"], at)]
        if not here:
            at += 1
            continue
        token = max(here, key=lambda t: len(t["matched"]))
        begin, end = at, at + len(token["matched"])
        at = end
        if token["single_word"]:
            if (begin and WORD.match(text[begin - 1])) or (end < len(text) and WORD.match(text[end])):
                continue
        if token["lstrip"]:
            while begin and WHITE.match(text[begin - 1]):
                begin -= 1
            begin = max(begin, done)
        if token["rstrip"]:
            while end < len(text) and WHITE.match(text[end]):
                end += 1
        if done < begin:
            out.append((None, done, begin))
        out.append((token["id"], begin, end))
        done = end
    if done < len(text):
        out.append((None, done, len(text)))
    return out


# ---- pre-tokenizers: lists of [text, whether it is the first of the whole text]

def cut(piece, matches, behavior):
    text, first = piece
    spans, at = [], 0
    for begin, end in matches:
        if at < begin:
            spans.append((at, begin, False))
        spans.append((begin, end, True))
        at = end
    if at < len(text):
        spans.append((at, len(text), False))
    if behavior == "Removed":
        spans = [s for s in spans if not s[2]]
    elif behavior == "MergedWithNext":
        joined = []
        for span in reversed(spans):
            if span[2] and joined and not joined[-1][2]:
                joined[-1] = (span[0], joined[-1][1], True)
            else:
                joined.append(span)
        spans = joined[::-1]
    elif behavior == "MergedWithPrevious":
        joined = []
        for span in spans:
            if span[2] and joined and not joined[-1][2]:
                joined[-1] = (joined[-1][0], span[1], True)
            else:
                joined.append(span)
        spans = joined
    elif behavior == "Contiguous":
        joined = []
        for span in spans:
            if joined and joined[-1][2] == span[2]:
                joined[-1] = (joined[-1][0], span[1], span[2])
            else:
                joined.append(span)
        spans = joined
    return [(text[a:b], first and a == 0) for a, b, _ in spans if a < b]


def cut_at(piece, pattern, behavior, invert=False):
    matches = [m.span() for m in regex.finditer(pattern, piece[0]) if m.end() > m.start()]
    if invert:
        ends = [0] + [x for m in matches for x in m] + [len(piece[0])]
        matches = [(ends[i], ends[i + 1]) for i in range(0, len(ends), 2) if ends[i] < ends[i + 1]]
    return cut(piece, matches, behavior)


def pre_tokenized(part, pieces):
    if part is None:
        return pieces
    kind = part["type"]
    if kind == "Sequence":
        for inner in part["pretokenizers"]:
            pieces = pre_tokenized(inner, pieces)
        return pieces
    return [out for piece in pieces for out in cut_piece(kind, part, piece)]


def cut_piece(kind, part, piece):
    text, first = piece
    if kind == "ByteLevel":
        if part["add_prefix_space"] and not text.startswith(" "):
            text = " " + text
        words = cut_at((text, first), GPT2, "Isolated") if part["use_regex"] else [(text, first)]
        return [("".join(ALPHABET[b] for b in word.encode()), f) for word, f in words]
    if kind == "Digits":
        return cut_at(piece, r"\p{N}", "Isolated" if part["individual_digits"] else "Contiguous")
    if kind == "Split":
        pattern = part["pattern"].get("Regex") or regex.escape(part["pattern"]["String"])
        return cut_at(piece, pattern, part["behavior"], part["invert"])
    if kind == "WhitespaceSplit":
        return cut_at(piece, r"\p{White_Space}", "Removed")
    if kind == "Punctuation":
        return cut_at(piece, r"[\p{P}$+<=>^`|~]", part["behavior"])
    if kind == "BertPreTokenizer":
        words = cut_at(piece, r"\p{White_Space}", "Removed")
        return [out for word in words for out in cut_at(word, r"[\p{P}$+<=>^`|~]", "Isolated")]
    if kind == "Metaspace":
        text = text.replace(" ", MARK)
        scheme = part["prepend_scheme"]
        if not text.startswith(MARK) and (scheme == "always" or (scheme == "first" and first)):
            text = MARK + text
        return cut_at((text, first), MARK, "MergedWithNext") if part.get("split", True) else [(text, first)]
    raise ValueError(kind)


# ---- models

def bpe(model, word):
    vocab, ranks = model["vocab"], {tuple(m.split(" ")): i for i, m in reversed(list(enumerate(model["merges"])))}
    unknown, symbols = model.get("unk_token"), []
    for c in word:
        names = ["<0x%02X>" % b for b in c.encode()]
        if c in vocab:
            symbols.append(c)
        elif model.get("byte_fallback") and all(n in vocab for n in names):
            symbols += names
        elif not (model.get("fuse_unk") and symbols and symbols[-1] == unknown):
            symbols.append(unknown)
    while True:
        pairs = [(ranks[p], i) for i, p in enumerate(zip(symbols, symbols[1:])) if p in ranks]
        if not pairs:
            return [vocab[s] for s in symbols]
        i = min(pairs)[1]
        symbols[i:i + 2] = [symbols[i] + symbols[i + 1]]


def unigram(model, word):
    pieces = {piece: (i, score) for i, (piece, score) in enumerate(model["vocab"])}
    unknown = min(score for _, score in model["vocab"]) - 10
    best = [(0.0, None, None)] + [None] * len(word)
    for begin in range(len(word)):
        single = False
        for end in range(begin + 1, len(word) + 1):
            if word[begin:end] in pieces:
                token, score = pieces[word[begin:end]]
                single = single or end == begin + 1
                if best[end] is None or best[begin][0] + score > best[end][0]:
                    best[end] = (best[begin][0] + score, begin, token)
        if not single and (best[begin + 1] is None or best[begin][0] + unknown > best[begin + 1][0]):
            best[begin + 1] = (best[begin][0] + unknown, begin, model["unk_id"])
    out, at = [], len(word)
    while at:
        _, begin, token = best[at]
        if not (token == model["unk_id"] and out and out[-1] == token):
            out.append(token)
        at = begin
    return out[::-1]


def wordpiece(model, word):
    out, at = [], 0
    if len(word) > model["max_input_chars_per_word"]:
        return [model["vocab"][model["unk_token"]]]
    while at < len(word):
        for end in range(len(word), at, -1):
            piece = (model["continuing_subword_prefix"] if at else "") + word[at:end]
            if piece in model["vocab"]:
                out.append(model["vocab"][piece])
                at = end
                break
        else:
            return [model["vocab"][model["unk_token"]]]
    return out


MODELS = {"BPE": bpe, "Unigram": unigram, "WordPiece": wordpiece}


def encoded(tokenizer, text):
    # Control tokens are looked for in the text as it is, whatever `normalized` says.
    raw = [dict(t, matched=t["content"]) for t in tokenizer["added_tokens"] if t["special"] or not t["normalized"]]
    normalizer = tokenizer["normalizer"] or {"type": "Sequence", "normalizers": []}
    late = [dict(t, matched=normalized(normalizer, t["content"])) for t in tokenizer["added_tokens"] if not t["special"] and t["normalized"]]
    out = []
    for token, begin, end in found_tokens(text, raw):
        if token is not None:
            out.append(token)
            continue
        part = normalized(normalizer, text[begin:end])
        for inner, a, b in found_tokens(part, late):
            if inner is not None:
                out.append(inner)
                continue
            pieces = pre_tokenized(tokenizer["pre_tokenizer"], [(part[a:b], begin == 0 and a == 0)])
            out += [t for piece, _ in pieces for t in MODELS[tokenizer["model"]["type"]](tokenizer["model"], piece)]
    return out


# ---- the models' files

def added(token, content, special=True, normalized=False, **flags):
    return {"id": token, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": normalized, "special": special, **flags}


def number(tokens, vocab):
    """Tokens that the vocabulary lacks stand behind it."""
    behind = len(vocab)
    for token in tokens:
        token["id"] = vocab.get(token["content"], behind)
        behind += token["id"] == behind


def byte_level(tokens, **parts):
    vocab = {c: i for i, c in enumerate(ALPHABET)}
    merges = ["h e", "Ġ he", "t he", "Ġt he", "Ġ t", "Ġ Ġ", "n o", "Ġ no", "Ã ©"]
    for merge in merges:
        for piece in (*merge.split(" "), merge.replace(" ", "")):
            vocab.setdefault(piece, len(vocab))
    number(tokens, vocab)
    own = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {"added_tokens": tokens, "normalizer": None, "pre_tokenizer": own,
            "post_processor": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False}, "decoder": dict(own, add_prefix_space=True),
            "model": {"type": "BPE", "unk_token": None, "continuing_subword_prefix": "", "end_of_word_suffix": "", "fuse_unk": False,
                      "vocab": vocab, "merges": merges}, **parts}


REPLACE = {"type": "Replace", "pattern": {"String": " "}, "content": MARK}
BACK = {"type": "Replace", "pattern": {"String": MARK}, "content": " "}


def metaspace(scheme="always", **more):
    return {"type": "Metaspace", "replacement": MARK, "prepend_scheme": scheme, **more}


def marked(control, tokens, prepends=True, **parts):
    """Llama's kind: control tokens first, then bytes, then pieces, then tokens beside the vocabulary."""
    vocab = {t["content"]: i for i, t in enumerate(control)}
    for name in ["<0x%02X>" % b for b in range(256)] + list(MARK + "\nathenoAB") + ["th", "the", MARK + "the", "no", MARK + "no", MARK + MARK, "\n\n"]:
        vocab.setdefault(name, len(vocab))
    merges = ["t h", "th e", MARK + " the", "n o", MARK + " no", MARK + " " + MARK, "\n \n"]
    number(tokens, vocab)
    strip = [{"type": "Strip", "content": " ", "start": 1, "stop": 0}] if prepends else []
    sequence = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": MARK}, REPLACE]}
    return {"added_tokens": [dict(t, id=i) for i, t in enumerate(control)] + tokens, "normalizer": sequence if prepends else REPLACE, "pre_tokenizer": None,
            "post_processor": None, "decoder": {"type": "Sequence", "decoders": [BACK, {"type": "ByteFallback"}, {"type": "Fuse"}] + strip},
            "model": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True, "ignore_merges": False, "vocab": vocab, "merges": merges},
            **parts}


def pieces_by_score(control, tokens, normalizers, pre, **parts):
    texts = [MARK, MARK + "the", "the", "t", "h", "e", "n", "o", "no", MARK + "no", "a", "A", "b", ".", "...", '"', "1", "fi", "\u00e9", "x", "-", "ca", "c"]
    vocab = [[c, 0.0] for c in control] + [[t, -2.0 - 0.25 * i] for i, t in enumerate(texts)]
    names = {piece: i for i, (piece, _) in enumerate(vocab)}
    number(tokens, names)
    sequence = {"type": "Sequence", "normalizers": normalizers} if len(normalizers) != 1 else normalizers[0]
    return {"added_tokens": tokens, "normalizer": sequence, "pre_tokenizer": pre, "post_processor": None, "decoder": metaspace(),
            "model": {"type": "Unigram", "unk_id": control.index("<unk>"), "vocab": vocab}, **parts}


def word_pieces(tokens, bert, **parts):
    vocab = {t: i for i, t in enumerate(["<s>", "<pad>", "</s>", "[UNK]", "the", "t", "##he", "no", "##n", "##e", "a", "A", "##b", ",", ".", "<", ">", "mask", "\u4e2d", "e", "cafe", "caf\u00e9"])}
    number(tokens, vocab)
    normalizer = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True, **bert}
    return {"added_tokens": tokens, "normalizer": normalizer, "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": None,
            "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": vocab}, **parts}


def sequence(*parts):
    return {"type": "Sequence", "pretokenizers": list(parts)}


def mask(name="<mask>", **more):
    return added(0, name, lstrip=True, **more)


def quotes():
    return [{"type": "Replace", "pattern": {"String": p}, "content": '"'} for p in ("``", "''")]


def single_spaces(content):
    return {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": content}


def known():
    charsmap = {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(precompiled()).decode()}
    words = sequence({"type": "WhitespaceSplit"}, metaspace())
    t5 = lambda: [added(0, "<pad>"), added(0, "</s>"), added(0, "<unk>"), added(0, "<extra_id_0>")]
    xlm = lambda: [added(0, c) for c in ("<s>", "<pad>", "</s>", "<unk>")] + [mask()]
    spm = [charsmap, {"type": "Strip", "strip_left": False, "strip_right": True}, single_spaces(MARK)]
    albert = quotes() + [{"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"}, charsmap]
    albert_tokens = lambda: [added(0, c) for c in ("<pad>", "<unk>", "[CLS]", "[SEP]")] + [mask("[MASK]")]
    xlnet_tokens = lambda: [added(0, c) for c in ("<unk>", "<s>", "</s>", "<cls>", "<sep>")] + [mask()]
    roberta = [added(0, c, normalized=True) for c in ("<s>", "<pad>", "</s>", "<unk>")] + [mask()]
    llama = [added(0, c) for c in ("<unk>", "<s>", "</s>")]
    return {
        "RoBERTa, DistilRoBERTa, BART": byte_level(roberta),
        "GPT-NeoX, Pythia": byte_level([added(0, "<|endoftext|>"), added(0, "<|padding|>")] +
                                       [added(0, " " * n, special=False, normalized=True) for n in (4, 3, 2)], normalizer={"type": "NFC"}),
        "OPT": byte_level([added(0, "<pad>", normalized=True), added(0, "</s>", normalized=True)]),
        "DeBERTa": byte_level([added(0, c) for c in ("[CLS]", "[PAD]", "[SEP]", "[UNK]")] + [mask("[MASK]", normalized=True)]),
        "SmolLM": byte_level([added(0, "<|endoftext|>"), added(0, "<|im_start|>")],
                             pre_tokenizer=sequence({"type": "Digits", "individual_digits": True},
                                                    {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True})),
        "Phi-2, CodeGen": byte_level([added(0, "<|endoftext|>")] + [added(0, c * n, special=False, normalized=True) for c in " \t" for n in (3, 2)]),
        "Phi-3": marked([llama[0], llama[1]], [added(0, "</s>", special=False, rstrip=True), added(0, "<|endoftext|>"), added(0, "<|user|>", rstrip=True),
                                              added(0, "<|end|>", rstrip=True)]),
        "TinyLlama": marked(llama, []),
        "Llama 2 as transformers writes it": marked(llama, [added(0, "the", special=False, single_word=True)], normalizer=None,
                                                    pre_tokenizer=metaspace("first", split=False)),
        "Llama 2 with a token of its user's": marked(llama, [added(0, "<pad>", special=False, normalized=True)]),
        "Gemma": marked([added(0, c) for c in ("<pad>", "<eos>", "<bos>", "<unk>")],
                        [added(0, "\n\n", special=False), added(0, MARK * 2, special=False), added(0, "<table>", special=False)], prepends=False,
                        pre_tokenizer={"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False}),
        "MPNet": word_pieces([added(0, c) for c in ("<s>", "<pad>", "</s>", "[UNK]")] + [mask()], {}),
        "BERT, cased, with a user's words": word_pieces([added(0, "[UNK]"), added(0, "no", special=False, single_word=True), added(0, "Foo", special=False)],
                                                        {"lowercase": False}),
        "T5": pieces_by_score(["<pad>", "</s>", "<unk>"], t5(), [charsmap], words),
        "XLM-R": pieces_by_score(["<s>", "<pad>", "</s>", "<unk>"], xlm(), [charsmap], words),
        "T5, XLM-R and NLLB as transformers writes them": pieces_by_score(["<pad>", "</s>", "<unk>"], t5(), spm, metaspace()),
        "DeBERTa-v3": pieces_by_score(["[PAD]", "[CLS]", "[SEP]", "<unk>"], [added(0, c) for c in ("[PAD]", "[CLS]", "[SEP]")] + [mask("[MASK]")],
                                      [charsmap, single_spaces(" ")], metaspace()),
        "ALBERT": pieces_by_score(["<pad>", "<unk>", "[CLS]", "[SEP]"], albert_tokens(), albert, words),
        "ALBERT as transformers writes it": pieces_by_score(["<pad>", "<unk>", "[CLS]", "[SEP]"], albert_tokens(), albert + [single_spaces(" ")], metaspace()),
        "XLNet": pieces_by_score(["<unk>", "<s>", "</s>", "<cls>", "<sep>"], xlnet_tokens(), quotes() + [charsmap], words),
        "GPT-2 with words of a user's": byte_level([added(0, "<|endoftext|>"), added(0, "the", special=False, normalized=True, single_word=True),
                                                    added(0, "No", special=False, normalized=True, lstrip=True, rstrip=True)],
                                                   normalizer={"type": "Sequence", "normalizers": [{"type": "Sequence", "normalizers": [{"type": "NFKC"}]},
                                                                                                   {"type": "Lowercase"}]}),
        "one search before the other": byte_level([added(0, "ab", special=False, normalized=True), added(0, "bt", special=False), added(0, "b", special=False)]),
        "WordPiece of Hugging Face's course": word_pieces(
            [added(0, "[UNK]")], {},
            normalizer={"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "Lowercase"}, {"type": "StripAccents"}]},
            pre_tokenizer=sequence({"type": "WhitespaceSplit"}, {"type": "Punctuation", "behavior": "Isolated"})),
        "BERT behind NFKC": word_pieces([added(0, "[UNK]")], {},
                                        normalizer={"type": "Sequence", "normalizers": [
                                            {"type": "NFKC"}, {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                                                               "strip_accents": False, "lowercase": False}]}),
        "WordPiece behind NFC, without accents": word_pieces(
            [added(0, "[UNK]")], {}, normalizer={"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "StripAccents"}]}),
        "words with their spaces": byte_level([added(0, "<|endoftext|>")],
                                              pre_tokenizer=sequence({"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithNext", "invert": False},
                                                                     {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False})),
    }


def texts_for(tokenizer, generator):
    names = [t["content"] for t in tokenizer["added_tokens"]]
    plain = ["the", " the", "no", "No", "  ", " ", "   ", "    ", "\n", "\n\n", "\t", "\u3000", "\u00a0", "a", "A", "b", "bt", "ab", "_", "1", "-", ".", "x", ",",
             "caf\u00e9", "cafe\u0301", "``", "''", "`", "\u2026", "\uff21", "\u2460", "\ufb01", "\u4e2d", MARK, "THE", "\u0130", "\u2003", "foo", "Foo", "\x01"]
    texts = ["", " ", "   ", "the no", " the  no ", "the no\n", "\x01", "\u3000the\u3000", " \u00a0 "]
    for token in names:
        texts += [token, " " + token + " ", "the" + token + "no", "the  " + token + "\n\n no", "_" + token, token + "1", "\u0301" + token, token + token,
                  token + "  " + token]
    while len(texts) < 9 + 9 * len(names) + 60:
        texts.append("".join(generator.choice(names if generator.random() < 0.25 else plain) for _ in range(generator.randrange(2, 9))))
    return texts


def main():
    generator = random.Random(5)
    out = []
    for name, tokenizer in known().items():
        texts = texts_for(tokenizer, generator)
        out.append({"name": name, "tokenizer": tokenizer, "texts": [[text, encoded(tokenizer, text)] for text in texts]})
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "known_pipelines.json"), "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in out) + "\n]\n")


main()
