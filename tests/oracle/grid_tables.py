#!/usr/bin/env python3
"""Prints the grids of the IQ formats, from the PyPI package gguf, as src/kernels/formats/grids.cpp holds them.

An entry of a grid is a number in base 3 (IQ1, IQ2: 8 digits) or base 8 (IQ3: 4 digits), its lowest digit first; all
grids are in ascending order, so that the gaps between neighbours tell everything: A-Z are gaps of 1 to 26, a-z of 27
to 52, and each + adds 52 to the gap that follows.
"""

import gguf.quants
import numpy

GRIDS = ["IQ1_S", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S"]
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def encode(name):
    quant = getattr(gguf.quants, name)
    quant.init_grid()
    levels = numpy.array(quant.grid_map)
    digits = numpy.searchsorted(levels, quant.grid.reshape(quant.grid_shape))
    numbers = (digits * len(levels) ** numpy.arange(digits.shape[1])).sum(axis=1)
    gaps = numpy.diff(numbers, prepend=-1)
    assert (gaps > 0).all()
    return "".join("+" * ((gap - 1) // 52) + LETTERS[(gap - 1) % 52] for gap in gaps)


for name in GRIDS:
    text = encode(name)
    print(f"constexpr char {name.lower()}_gaps[] =")
    lines = [text[i : i + 104] for i in range(0, len(text), 104)]
    print("\n".join(f'    "{line}"' for line in lines) + ";\n")
