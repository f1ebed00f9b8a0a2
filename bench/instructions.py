#!/usr/bin/env python3
"""instructions.py OBJECT...: instructions a weight in the loops of fast products of one token, from the disassembly of the
kernels that an object file (build/PRESET/src/kernels/CMakeFiles/realizar_kernels.dir/SET.cpp.o) holds.

An instruction on 256 or 512 bits counts as one for each 128 bits it works on, any other as one."""
import re
import subprocess
import sys

FORMATS = ("Q4_K", "Q6_K", "Q8_0")
ROWS, SUPER_BLOCK_CHUNKS, CHUNK_COLUMNS = 16, 8, 32
DOTS = re.compile(r"sdot|smlal|vpmaddubsw|vpdpbusd")
JUMPS = re.compile(r"j|b$|b\.|cbn?z|tbn?z")


def disassembly(path):
    with open(path, "rb") as file:
        arm = file.read(20)[18] == 183  # e_machine of ELF
    objdump = "aarch64-linux-gnu-objdump" if arm else "objdump"
    text = subprocess.run([objdump, "-dC", "--no-show-raw-insn", path], check=True, capture_output=True, text=True).stdout
    for function in text.split("\n\n"):
        name, *lines = function.strip().split("\n")
        yield name, [match.groups() for line in lines if (match := re.match(r"\s*([0-9a-f]+):\s+(\S+)\s*(.*)", line))]


def loops(instructions):
    """Every stretch that a jump backwards repeats, as (first, last)."""
    at = {int(address, 16): i for i, (address, _, _) in enumerate(instructions)}
    for i, (_, name, arguments) in enumerate(instructions):
        target = re.search(r"\b([0-9a-f]+) <", arguments)
        if JUMPS.match(name) and target and at.get(int(target[1], 16), i) < i:
            yield at[int(target[1], 16)], i


def lanes(arguments):
    return 4 if "zmm" in arguments else 2 if "ymm" in arguments else 1


def work(instructions, first, last):
    return sum(lanes(arguments) for _, _, arguments in instructions[first : last + 1])


def per_weight(instructions):
    """The loop over the blocks is the longest one that multiplies; the shortest one in it, if any, is over chunks: what
    lies between may be the same loop entered elsewhere."""
    multiplying = [
        (last - first, first, last)
        for first, last in loops(instructions)
        if any(DOTS.search(name + arguments) for _, name, arguments in instructions[first : last + 1])
    ]
    multiplying.sort()
    _, first, last = multiplying[-1]
    block = work(instructions, first, last)
    inner = [(a, b) for _, a, b in multiplying[:-1] if first <= a and b <= last]
    if not inner:
        return block / (ROWS * CHUNK_COLUMNS)
    chunk = work(instructions, *inner[0])
    return (block + (SUPER_BLOCK_CHUNKS - 1) * chunk) / (ROWS * CHUNK_COLUMNS * SUPER_BLOCK_CHUNKS)


def main():
    for path in sys.argv[1:]:
        for name, instructions in disassembly(path):
            match = re.search(r"fast_row<.*::(\w+), realizar::kernels::(\w+)>", name)
            if match and match[2] in FORMATS:
                print(f"{match[1]:10} {match[2]:6} {per_weight(instructions):.3f}")


if __name__ == "__main__":
    main()
