#!/usr/bin/env python3
"""Records what an established engine computes from the fixtures of tests/fixtures.

    tests/oracle/make_fixtures.py build/release/oracle_write_fixtures ORACLE > tests/fixtures/expected.txt

ORACLE is a program that, as `ORACLE logits MODEL.gguf OUT` with token ids on stdin, writes int32 n, int32 vocab, int32
tokens[n], f32 logits[n][vocab], little endian, computed with an f32 KV cache. It is given the weights as F32. What it
cannot load is reported on stderr and gets no line. With --own it is also given the files themselves, and the distance
between the two is reported: that of its own arithmetic for the block formats, and a check that both files hold one model.
"""

import argparse
import hashlib
import pathlib
import subprocess
import sys
import tempfile

import numpy


def logits_of(oracle, model, tokens):
    out = model.with_suffix(".logits")
    run = subprocess.run([oracle, "logits", model, out], input=tokens, capture_output=True)
    if run.returncode != 0:
        said = [line for line in run.stderr.decode(errors="replace").splitlines() if line.strip()]
        print(f"{model.name}: not loaded: {said[0] if said else run.returncode}", file=sys.stderr)
        return None
    n, n_vocab = numpy.fromfile(out, "<i4", 2)
    return numpy.fromfile(out, "<f4", offset=8 + 4 * n).reshape(n, n_vocab)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("generator", type=pathlib.Path)
    parser.add_argument("oracle", type=pathlib.Path)
    parser.add_argument("--own", action="store_true", help="also run the files in their own formats")
    arguments = parser.parse_args()
    oracle = arguments.oracle.resolve()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        names = subprocess.run([arguments.generator.resolve(), folder], check=True, capture_output=True, text=True)
        for name in names.stdout.split():
            tokens = (folder / f"{name}.tokens").read_bytes()
            logits = logits_of(oracle, folder / f"{name}.f32.gguf", tokens)
            if arguments.own and logits is not None:
                own = logits_of(oracle, folder / f"{name}.gguf", tokens)
                if own is not None:
                    nmse = numpy.mean((own - logits) ** 2) / numpy.mean(logits**2)
                    print(f"{name}: in its own format {nmse:.1e} from F32", file=sys.stderr)
            if logits is None:
                continue
            digest = hashlib.sha256((folder / f"{name}.gguf").read_bytes()).hexdigest()
            sample = numpy.ascontiguousarray(logits[4::5, ::3])
            print(name, digest, sample.astype(">f4").tobytes().hex())


if __name__ == "__main__":
    main()
