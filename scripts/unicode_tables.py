#!/usr/bin/env python3
"""Writes src/text/template/unicode_tables.hpp: the character properties behind Python's str methods.

Run with Python 3.11 (Unicode 14), the version Debian 12 has, so that templates render the same on both sides.
"""
import sys
import unicodedata

TYPES = """struct CodePointRange {
  std::uint32_t first, last;
};

/// The code points first, first + step, ..., last, each of which maps to itself + delta.
struct CaseRun {
  std::uint32_t first, last, step;
  std::int32_t delta;
};

/// A code point that maps to up to three (0 fills the rest).
struct CaseExpansion {
  std::uint32_t from;
  std::uint32_t to[3];
};

"""

CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def is_cased(c):
    return chr(c).islower() or chr(c).isupper() or chr(c).istitle()


def is_case_ignorable(c):
    """True where a capital sigma before `c` still looks past it for a letter (Unicode 3.13, Final_Sigma)."""
    return ("A" + chr(c) + "\u03a3").lower()[-1] == "\u03c2" and ("." + chr(c) + "\u03a3").lower()[-1] == "\u03c3"


def ranges(predicate):
    found = []
    for c in CODE_POINTS:
        if predicate(c):
            if found and found[-1][1] == c - 1:
                found[-1][1] = c
            else:
                found.append([c, c])
    return found


def case_runs(mapping):
    """Runs (first, last, step, delta) of single-character mappings, and the mappings to several characters."""
    runs, special = [], []
    for c in CODE_POINTS:
        to = mapping(chr(c))
        if to == chr(c):
            continue
        if len(to) > 1:
            special.append((c, [ord(x) for x in to]))
            continue
        delta = ord(to) - c
        if runs and runs[-1][3] == delta and (c - runs[-1][1] == runs[-1][2] or
                                              (runs[-1][0] == runs[-1][1] and c - runs[-1][1] <= 2)):
            runs[-1][2] = c - runs[-1][1]
            runs[-1][1] = c
        else:
            runs.append([c, c, 1, delta])
    return runs, special


def write_rows(out, rows, width=108):
    line = "   "
    for row in rows:
        if len(line) + 1 + len(row) > width:
            out.write(line + "\n")
            line = "   "
        line += " " + row
    out.write(line + "\n")


def main():
    out = sys.stdout
    out.write("// Written by scripts/unicode_tables.py from Unicode %s; do not edit.\n" % unicodedata.unidata_version)
    out.write('#pragma once\n\n#include <cstdint>\n\nnamespace realizar::text::jinja {\n\n')
    out.write(TYPES)
    out.write("// clang-format off\n")
    properties = {
        "alphabetic": lambda c: chr(c).isalpha(),
        "decimal": lambda c: chr(c).isdecimal(),
        "digit": lambda c: chr(c).isdigit(),
        "numeric": lambda c: chr(c).isnumeric(),
        "printable": lambda c: chr(c).isprintable(),
        "lowercase": lambda c: chr(c).islower(),
        "uppercase": lambda c: chr(c).isupper(),
        "cased": is_cased,
        "case_ignorable": is_case_ignorable,
    }
    for name, predicate in properties.items():
        found = ranges(predicate)
        out.write("inline constexpr CodePointRange %s_ranges[] = {\n" % name)
        write_rows(out, ["{%#x, %#x}," % tuple(r) for r in found])
        out.write("};\n\n")
    mappings = {"upper": str.upper, "lower": str.lower, "title": str.title, "fold": str.casefold}
    for name, mapping in mappings.items():
        runs, special = case_runs(mapping)
        out.write("inline constexpr CaseRun %s_runs[] = {\n" % name)
        write_rows(out, ["{%#x, %#x, %d, %d}," % tuple(r) for r in runs])
        out.write("};\n\n")
        out.write("inline constexpr CaseExpansion %s_expansions[] = {\n" % name)
        write_rows(out, ["{%#x, {%s}}," % (c, ", ".join("%#x" % x for x in to + [0] * (3 - len(to)))) for c, to in special])
        out.write("};\n\n")
    out.write("// clang-format on\n\n}  // namespace realizar::text::jinja\n")


if __name__ == "__main__":
    main()
