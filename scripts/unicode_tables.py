#!/usr/bin/env python3
"""Writes src/text/unicode_tables.cpp: the character properties that tokenizers and chat templates ask for.

The published tables of byte-level BPE pre-tokenizers follow Unicode 15.1, which is what Python 3.13 has:
    python3.13 scripts/unicode_tables.py > src/text/unicode_tables.cpp
"""
import sys
import unicodedata

VERSION = "15.1.0"
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
# The order of text::Category: other, number, letter, punctuation, mark, symbol, control.
CATEGORY = {"N": 1, "L": 2, "P": 3, "M": 4, "S": 5, "C": 6, "Z": 0}


def category(code):
    name = unicodedata.category(chr(code))
    return 0 if name == "Cn" else CATEGORY[name[0]]


def categories():
    found, previous = [], None
    for code in range(0x110000):
        current = category(code)
        if current != previous:
            found.append("%#x" % (code << 3 | current))
        previous = current
    return found


def is_cased(c):
    return chr(c).islower() or chr(c).isupper() or chr(c).istitle()


def is_case_ignorable(c):
    """True where a capital sigma before `c` still looks past it for a letter (Unicode 3.13, Final_Sigma)."""
    return ("A" + chr(c) + "\u03a3").lower()[-1] == "\u03c2" and ("." + chr(c) + "\u03a3").lower()[-1] == "\u03c3"


PROPERTIES = {
    "decimal": lambda c: chr(c).isdecimal(),
    "digit": lambda c: chr(c).isdigit(),
    "numeric": lambda c: chr(c).isnumeric(),
    "lowercase": lambda c: chr(c).islower(),
    "uppercase": lambda c: chr(c).isupper(),
    "cased": is_cased,
    "case_ignorable": is_case_ignorable,
}

MAPPINGS = {"upper": str.upper, "lower": str.lower, "title": str.title, "fold": str.casefold}


def ranges(predicate):
    found = []
    for c in CODE_POINTS:
        if predicate(c):
            if found and found[-1][1] == c - 1:
                found[-1][1] = c
            else:
                found.append([c, c])
    return ["{%#x, %#x}" % tuple(r) for r in found]


def case_mapping(mapping):
    """Runs (first, last, step, delta) of mappings to one character, and the mappings to several."""
    runs, several = [], []
    for c in CODE_POINTS:
        to = mapping(chr(c))
        if to == chr(c):
            continue
        if len(to) > 1:
            several.append((c, [ord(x) for x in to] + [0] * (3 - len(to))))
            continue
        delta = ord(to) - c
        if runs:
            first, last, step, known = runs[-1]
            gap = c - last
            if delta == known and gap <= 2 and (first == last or gap == step):
                runs[-1] = (first, c, gap, delta)
                continue
        runs.append((c, c, 1, delta))
    return (["{%#x, %#x, %d, %d}" % r for r in runs],
            ["{%#x, {%s}}" % (c, ", ".join("%#x" % x for x in to)) for c, to in several])


def bases():
    """Runs of code points whose canonical decompositions begin with the same character."""
    runs = []
    for code in CODE_POINTS:
        decomposed = unicodedata.normalize("NFD", chr(code))
        if decomposed == chr(code):
            continue
        base = ord(decomposed[0])
        if runs and runs[-1][1] == code - 1 and runs[-1][2] == base:
            runs[-1][1] = code
        else:
            runs.append([code, code, base])
    return ["{%#x, %#x, %#x}" % tuple(r) for r in runs]


def write_table(name, row_type, rows, width=110):
    print("const %s %s_rows[] = {" % (row_type, name))
    line = "   "
    for row in rows:
        if len(line) + 2 + len(row) > width:
            print(line)
            line = "   "
        line += " " + row + ","
    print(line)
    print("};")
    print("constinit const std::span<const %s> %s(%s_rows);\n" % (row_type, name, name))


def main():
    if unicodedata.unidata_version != VERSION:
        sys.exit("this Python has Unicode %s, not %s: run Python 3.13" % (unicodedata.unidata_version, VERSION))
    print("// Written by scripts/unicode_tables.py from Unicode %s; do not edit." % VERSION)
    print('#include "text/unicode_tables.hpp"\n')
    print("// clang-format off")
    print("namespace realizar::text {\n")
    write_table("category_starts", "std::uint32_t", categories())
    for name, predicate in PROPERTIES.items():
        write_table(name + "_ranges", "CodePointRange", ranges(predicate))
    for name, mapping in MAPPINGS.items():
        runs, several = case_mapping(mapping)
        write_table(name + "_runs", "CaseRun", runs)
        write_table(name + "_expansions", "CaseExpansion", several)
    write_table("base_ranges", "BaseRange", bases())
    print("}  // namespace realizar::text")


if __name__ == "__main__":
    main()
