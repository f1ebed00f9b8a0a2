#!/usr/bin/env python3
"""Compares dequantisation with gguf.quants.dequantize of the PyPI package gguf on random blocks of every format.

    tests/oracle/dequantize.py build/release/oracle_dequantize [--blocks N] [--seed S]
    tests/oracle/dequantize.py --record > tests/kernels/dequantize_expected.inc

The first compares bit for bit (any NaN equals any NaN). The second writes what the unit test expects: of each format
the SHA-256 of the values (NaNs as 0x7fc00000) of 1024 blocks of bytes, which are the little-endian words of a
SplitMix64 generator whose state starts at the ggml number of the type.
"""

import argparse
import hashlib
import subprocess
import sys

import gguf
import gguf.quants
import numpy

NAMES = """F16 BF16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_NL IQ4_XS MXFP4 NVFP4 TQ1_0 TQ2_0
IQ1_S IQ1_M IQ2_XXS IQ2_XS IQ2_S IQ3_XXS IQ3_S""".split()


def splitmix64(seed, count):
    """`count` bytes."""
    with numpy.errstate(over="ignore"):
        z = numpy.uint64(seed) + numpy.arange(1, count // 8 + 2, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        return (z ^ (z >> numpy.uint64(31))).astype("<u8").view(numpy.uint8)[:count]


def with_one_nan(values):
    bits = numpy.ascontiguousarray(values, dtype=numpy.float32).view(numpy.uint32).copy()
    bits[numpy.isnan(bits.view(numpy.float32))] = 0x7FC00000
    return bits


def expected(quant_type, data):
    with numpy.errstate(all="ignore"):
        return with_one_nan(gguf.quants.dequantize(data.reshape(1, -1), quant_type).reshape(-1))


parser = argparse.ArgumentParser()
parser.add_argument("program", nargs="?")
parser.add_argument("--record", action="store_true")
parser.add_argument("--blocks", type=int, default=1024)
parser.add_argument("--seed", type=int, default=1)
options = parser.parse_args()

failed = False
for name in NAMES:
    quant_type = gguf.GGMLQuantizationType[name]
    block_bytes = gguf.GGML_QUANT_SIZES[quant_type][1]
    if options.record:
        values = expected(quant_type, splitmix64(quant_type.value, 1024 * block_bytes))
        print(f'{{TensorType::{name.lower()}, "{hashlib.sha256(values.astype("<u4").tobytes()).hexdigest()}"}},')
        continue
    data = splitmix64(options.seed * 1000 + quant_type.value, options.blocks * block_bytes)
    output = subprocess.run([options.program, str(quant_type.value)], input=data.tobytes(), capture_output=True, check=True)
    ours = with_one_nan(numpy.frombuffer(output.stdout, dtype=numpy.float32))
    wanted = expected(quant_type, data)
    different = -1 if ours.size != wanted.size else int((ours != wanted).sum())
    failed |= different != 0
    print(f"{name:8} {wanted.size} values, {'sizes differ' if different < 0 else f'{different} differ'}")
sys.exit(failed)
