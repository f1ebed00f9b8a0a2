#!/usr/bin/env python3
"""Compares this project's tokenizers with those of an established engine, id by id, on random Unicode strings.

    compare_tokenizers.py --ours build/release/oracle_tokenize --oracle ORACLE --gpt2 ggml-vocab-gpt-2.gguf
                          [--also VOCABULARY.gguf ...] [--names llama-bpe ...] [--count 10000]

ORACLE is a program that `ORACLE tokens MODEL [-special] < text` makes print the ids of the text (no BOS).
For each pre-tokenizer name a copy of the GPT-2 vocabulary gets that name as `tokenizer.ggml.pre`. All strings go to
the oracle in one text: a token that the copy marks as user-defined stands between them and keeps them apart.
WordPiece and unigram models are compared on small vocabularies that this script makes; it needs the package gguf.
"""
import argparse
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile

USER_DEFINED = 4
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}


def metadata(data):
    """key -> (offset of the entry, offset of the value, type) of the file's metadata."""
    entries, at = {}, 24

    def skip(kind, at):
        if kind == 8:
            return at + 8 + struct.unpack_from("<Q", data, at)[0]
        if kind != 9:
            return at + SIZES[kind]
        element, count = struct.unpack_from("<IQ", data, at)
        at += 12
        if element in SIZES:
            return at + count * SIZES[element]
        for _ in range(count):
            at = skip(element, at)
        return at

    for _ in range(struct.unpack_from("<Q", data, 16)[0]):
        start = at
        length = struct.unpack_from("<Q", data, at)[0]
        key = data[at + 8 : at + 8 + length].decode()
        at += 8 + length
        kind = struct.unpack_from("<I", data, at)[0]
        entries[key] = (start, at + 4, kind)
        at = skip(kind, at + 4)
    return entries


def tokens(data, value):
    count = struct.unpack_from("<IQ", data, value)[1]
    at, texts = value + 12, []
    for _ in range(count):
        length = struct.unpack_from("<Q", data, at)[0]
        texts.append(bytes(data[at + 8 : at + 8 + length]))
        at += 8 + length
    return texts


def with_separator(data):
    """The file with one long normal token made user-defined, and that token's text."""
    entries = metadata(data)
    texts = tokens(data, entries["tokenizer.ggml.tokens"][1])
    types = entries["tokenizer.ggml.token_type"][1] + 12
    best = max((i for i in range(len(texts)) if struct.unpack_from("<i", data, types + 4 * i)[0] == 1
                and re.fullmatch(rb"[A-Z][a-z]+[A-Z][a-z]+[A-Za-z]*", texts[i])), key=lambda i: (len(texts[i]), -i))
    patched = bytearray(data)
    struct.pack_into("<i", patched, types + 4 * best, USER_DEFINED)
    return bytes(patched), texts[best], best


def with_pre(data, name):
    entries = metadata(data)
    key = "tokenizer.ggml.pre"
    _, value, kind = entries[key]
    assert kind == 8
    old = struct.unpack_from("<Q", data, value)[0]
    return data[:value] + struct.pack("<Q", len(name)) + name.encode() + data[value + 8 + old :]


WORDS = ("the quick Brown FOX doesn't I'll we'VE they'Re it's I'M he'd don'T straße naïve façade Ünïcödé ÅNGSTRÖM "
         "日本語 中文字符 カタカナ ひらがな 한국어 ㄱㄴㄷ ㄅㄆㄇ ภาษาไทย ລາວ ភាសា မြန်မာ العربية עברית हिन्दी বাংলা తెలుగు "
         "русский ΕΛΛΗΝΙΚΆ ελληνικά Ⅷ ½ ²³ ١٢٣ १२३ ４５６ 𝔘𝔫𝔦 𐐀𐐨 🚀 👨‍👩‍👧‍👦 🇫🇷 é ñ ⒶⒷ ﬁ ǅ ʰ ª ＡＢＣ ！？ …。，、 “”‘’ "
         "—： 。。 ۔، <|endoftext|> </s> <s> <sentinel:42> IMGIMGABCDZ IMGIMGAAAAAZ http://a.b/c?d=e&f=g foo_bar(x,y); "
         "a+b=c $5.00 50% #tag @user ~/dir C++ {}[] ``` ... --- === \\n a\u0301 o\u0308\u0323 "
         "<extra_0> <extra_1>x <extra_3 1 12 123 1234 12345 1234567 3.14159 1,000,000 v2.0 10abc abc10 ½1 12²345").split()
SPACES = [" ", " ", " ", " ", "  ", "   ", "    ", "\n", "\n\n", "\r\n", "\t", " \n", "\n ", "\u00a0", "\u3000", "\u2003",
          "\u0085", "\u2028", "\u200b", "\x0b", "\x1c", "\ufeff", ""]
RANGES = [(0x20, 0x7E), (0x20, 0x7E), (0xA0, 0x17F), (0x300, 0x36F), (0x370, 0x52F), (0x590, 0x6FF), (0x900, 0xDFF),
          (0xE00, 0x10FF), (0x1E00, 0x206F), (0x2070, 0x2BFF), (0x2E80, 0x31EF), (0x4E00, 0x9FFF), (0xAC00, 0xD7FF),
          (0xF900, 0xFFFD), (0x10000, 0x1FFFF), (0x20000, 0x2EE5D), (1, 0x10FFFF)]
# What a decoder may stumble over; nothing above U+10FFFF, which ends the oracle.
BROKEN = [b"\x80", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xc1\x81", b"a\xe4b"]


def random_string(rng):
    out = b""
    for _ in range(rng.randint(1, 9)):
        choice = rng.random()
        if choice < 0.45:
            out += rng.choice(WORDS).encode()
        elif choice < 0.85:
            first, last = rng.choice(RANGES)
            for _ in range(rng.randint(1, 6)):
                code = rng.randint(first, last)
                out += chr(code if not 0xD800 <= code < 0xE000 else 0xFFFD).encode()
        elif choice < 0.88:
            out += rng.choice(BROKEN)
        elif choice < 0.94:
            out += (rng.choice("aAé1 \n中.") * rng.randint(1, 40)).encode()
        else:
            out += bytes(rng.choice(b"abcXYZ019 '._-!\n") for _ in range(rng.randint(1, 12)))
        if rng.random() < 0.7:
            out += rng.choice(SPACES).encode()
    return out


class Comparison:
    def __init__(self, options):
        self.options = options
        self.failures = 0

    def ours(self, model, texts, special):
        data = b"".join(b"%d\n" % len(t) + t for t in texts)
        run = subprocess.run([self.options.ours, model] + special, input=data, capture_output=True)
        if run.returncode:
            sys.exit(f"ours: {run.stderr.decode()[:300]}")
        return [[int(i) for i in line.split()] for line in run.stdout.decode().splitlines()]

    def oracle(self, model, texts, special, separator, separator_id):
        run = subprocess.run([self.options.oracle, "tokens", model] + special, input=b"".join(separator + t for t in texts),
                             capture_output=True)
        if run.returncode:
            return None if len(texts) > 1 else [None]
        lists = []
        for token in map(int, run.stdout.split()):
            if token == separator_id:
                lists.append([])
            else:
                lists[-1].append(token)
        return lists

    def oracle_by_halves(self, *arguments):
        """Texts that end the oracle's process have None for their ids."""
        model, texts, special, separator, separator_id = arguments
        lists = self.oracle(*arguments)
        if lists is not None:
            return lists
        half = len(texts) // 2
        return (self.oracle_by_halves(model, texts[:half], special, separator, separator_id)
                + self.oracle_by_halves(model, texts[half:], special, separator, separator_id))

    def compare(self, title, data, texts, special=()):
        data, separator, separator_id = with_separator(data)
        texts = [t for t in texts if separator not in t]
        with tempfile.NamedTemporaryFile(suffix=".gguf") as file:
            file.write(data)
            file.flush()
            expected = self.oracle_by_halves(file.name, texts, list(special), separator, separator_id)
            # Behind a separator here too: a special token may take the white space behind it.
            got = [ids[1:] for ids in self.ours(file.name, [separator + t for t in texts], list(special))]
        assert len(expected) == len(texts) == len(got), (title, len(expected), len(texts), len(got))
        known = [(t, e, g) for t, e, g in zip(texts, expected, got) if e is not None]
        wrong = [(t, e, g) for t, e, g in known if e != g]
        self.failures += len(wrong)
        refused = len(texts) - len(known)
        print(f"{title:28} {len(known) - len(wrong):6} of {len(known)} equal" +
              (f", {refused} refused by the oracle" if refused else ""), flush=True)
        for text, e, g in sorted(wrong, key=lambda w: len(w[0]))[:3]:
            print(f"    {text!r}\n      oracle {e}\n      ours   {g}")


def written(fill):
    import gguf

    with tempfile.NamedTemporaryFile(suffix=".gguf") as file:
        writer = gguf.GGUFWriter(file.name, "bert")
        fill(writer, gguf.TokenType)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return pathlib.Path(file.name).read_bytes()


def word_piece_vocabulary(rng, lowercase):
    def fill(writer, kind):
        pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "SeparatingToken"]
        types = [kind.CONTROL, kind.UNKNOWN, kind.CONTROL, kind.CONTROL, kind.CONTROL, kind.NORMAL]
        characters = sorted({c for w in WORDS for c in w + w.lower()} | {chr(c) for c in range(0x21, 0x250)})
        parts = {w[i:i + n] for w in WORDS for i in range(len(w)) for n in (2, 3, 5)} | set(characters)
        for part in sorted(parts):
            if rng.random() < 0.9:
                pieces.append("\u2581" + part)
            if rng.random() < 0.9:
                pieces.append(part)
        pieces = list(dict.fromkeys(pieces))
        types += [kind.NORMAL] * (len(pieces) - len(types))
        writer.add_tokenizer_model("bert")
        writer.add_token_list(pieces)
        writer.add_token_types(types)
        for set_id, value in ((writer.add_pad_token_id, 0), (writer.add_unk_token_id, 1), (writer.add_bos_token_id, 2),
                              (writer.add_sep_token_id, 3), (writer.add_mask_token_id, 4)):
            set_id(value)
        writer.add_bool("tokenizer.ggml.normalizer.lowercase", lowercase)

    return written(fill)


REPLACED = {"ﬁ": "fi", "Ａ": "A", "Ｂ": "B", "\u00a0": " ", "\t": " ", "\n": " ", "\r\n": " ", "é": "e\u0301", "…": "...",
            "½": "1/2", "\u200b": "", "\u3000": " ", "Ⅷ": "VIII", "ab": "ba", "abc": "cab", "！": "!"}


def character_map(replaced):
    """A SentencePiece "precompiled charsmap": the double array of the keys, and their replacements."""
    trie, texts = {}, b""
    for key, text in replaced.items():
        node = trie
        for byte in key.encode():
            node = node.setdefault(byte, {})
        node["value"] = len(texts)
        texts += text.encode() + b"\0"
    units = {0: 0}

    def place(index, node):
        labels = [0 if label == "value" else label for label in node]
        offset = next(o for o in range(1, 1 << 21)
                      if all(index ^ o ^ c not in units for c in labels) and index ^ o not in units)
        units[index] |= offset << 10 | ("value" in node) << 8
        for label in node:
            units[index ^ offset ^ (0 if label == "value" else label)] = (
                1 << 31 | node["value"] if label == "value" else label)
        for label in node:
            if label != "value":
                place(index ^ offset ^ label, node[label])

    place(0, trie)
    size = (max(units) | 255) + 1
    array = struct.pack(f"<{size}I", *(units.get(i, 0) for i in range(size)))
    return struct.pack("<I", len(array)) + array + texts


def unigram_vocabulary(rng, prefix, merge_spaces):
    def fill(writer, kind):
        pieces = ["<pad>", "</s>", "<unk>", "SeparatingToken", "\u2581"]
        types = [kind.CONTROL, kind.CONTROL, kind.UNKNOWN, kind.NORMAL, kind.NORMAL]
        scores = [0.0, 0.0, 0.0, -9.0, -2.0]
        for part in sorted({w[i:i + n] for w in WORDS for i in range(len(w)) for n in (1, 2, 3, 5)}):
            for piece in (part, "\u2581" + part):
                if rng.random() < 0.85 and piece not in pieces:
                    pieces.append(piece)
                    scores.append(rng.uniform(-14, -3))
                    types.append(kind.NORMAL)
        # These overlap neither each other nor a key of the normaliser: the oracle takes tokens of equal length in no
        # certain order, and keeps even the begin of one from the normaliser.
        for i in range(4):
            pieces.append(f"<extra_{i}>")
            scores.append(-1.0)
            types.append(kind.USER_DEFINED)
        writer.add_tokenizer_model("t5")
        writer.add_token_list(pieces)
        writer.add_token_scores(scores)
        writer.add_token_types(types)
        writer.add_pad_token_id(0)
        writer.add_eos_token_id(1)
        writer.add_unk_token_id(2)
        writer.add_add_space_prefix(prefix)
        writer.add_remove_extra_whitespaces(merge_spaces)
        if rng.random() < 0.75:
            writer.add_precompiled_charsmap(character_map(REPLACED))

    return written(fill)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", required=True)
    parser.add_argument("--oracle", required=True)
    parser.add_argument("--gpt2", required=True)
    parser.add_argument("--also", nargs="*", default=[])
    parser.add_argument("--names", nargs="*", help="all where not given; none, and only the other kinds, where empty")
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    names = options.names
    if names is None:
        names = subprocess.run([options.ours, "--names"], capture_output=True, check=True, text=True).stdout.split()
    rng = random.Random(options.seed)
    texts = list(dict.fromkeys(random_string(rng) for _ in range(options.count)))
    while len(texts) < options.count:
        texts.append(random_string(rng))
    comparison = Comparison(options)
    gpt2 = pathlib.Path(options.gpt2).read_bytes()
    for name in names:
        # The oracle ends at a space within a piece that it merges, and only this name leaves one there.
        chosen = [t.replace(b" ", b"\t") for t in texts] if name == "whitespace" else texts
        comparison.compare(name, with_pre(gpt2, name), chosen)
    if not options.names:
        for special in ((), ("-special",)):
            suffix = " ".join(special)
            comparison.compare("gpt2 " + suffix, gpt2, texts, special)
            for path in options.also:
                comparison.compare(pathlib.Path(path).name + " " + suffix, pathlib.Path(path).read_bytes(), texts, special)
            for flag in (False, True):
                comparison.compare(f"bert lowercase={flag} {suffix}", word_piece_vocabulary(rng, flag), texts, special)
                for merge in (False, True):
                    comparison.compare(f"t5 prefix={flag} merge={merge} {suffix}", unigram_vocabulary(rng, flag, merge),
                                       texts, special)
    sys.exit(comparison.failures > 0)


if __name__ == "__main__":
    main()
