#!/usr/bin/env python3
"""Compares realizar with other engines: in turns, on one machine, beside what the machine can do at best."""
import argparse
import json
import os
import statistics
import sys

from comparison import limits, machine, report, roofline
from comparison.engines import BUILT_IN, Engine, EngineError
from comparison.work import Work

EXAMPLES = """\
examples:
  bench/compare.py model.gguf --engine realizar
  bench/compare.py a.gguf b.gguf -t 2 --rounds 3 --engine realizar \\
      --engine llama.cpp=~/llama.cpp/build/bin/llama-bench --engine ik_llama.cpp=~/ik_llama.cpp/build/bin/llama-bench
  bench/compare.py model.gguf --work prefill:512 --work decode:64@4096 --work decode:32@256x16
  bench/compare.py model.gguf --engine realizar \\
      --engine '{"name": "before", "like": "realizar", "program": "../before/build/release/realizar"}'
  bench/compare.py model.gguf --engine realizar --engine mine.json

An engine is one of the built-in ones (realizar, llama.cpp, ik_llama.cpp), with the path of its program after '=', or an
object of JSON, in a file or as it stands:
  {"name": "mine", "program": "/path/to/program",
   "commands": {"prefill": "{program} --model {model} --threads {threads} --prompt {tokens}",
                "decode": "... {tokens}", "depth": "... {tokens} {depth}", "streams": "... {tokens} {depth} {streams}"},
   "rate": "([0-9.]+) tokens/s", "timeout": 900}
A command that is missing is work that the engine cannot do; `rate` is a regular expression whose first group, where it
is first found, is the number of tokens a second; `timeout`, in seconds, ends a run. `like` takes what is not said from
a built-in engine.

Ratios are those of the first engine to each other one. The roofs are what `realizar bench` measures beside its own
work; without it among the engines there is no chart and no share of the roof.

Written: OUTPUT.json (every figure), OUTPUT.md (the table, also printed), OUTPUT.svg (a roofline chart).
Exit status: 0, or 1 when no engine gave a figure, or 2 for a wrong command line.
"""


def read_engines(values):
    """The engines that the values of --engine name."""
    engines = []
    for value in values:
        if value.lstrip().startswith("{"):
            described = json.loads(value)
        elif value.endswith(".json"):
            with open(value) as file:
                described = json.load(file)
        else:
            name, _, program = value.partition("=")
            if name not in BUILT_IN:
                raise ValueError(f"no built-in engine is called '{name}': there are {', '.join(BUILT_IN)}; others are "
                                 "described in JSON, as --help shows")
            described = {"name": name, "like": name, **({"program": program} if program else {})}
        for description in described if isinstance(described, list) else [described]:
            engines.append(Engine.from_description(description))
    names = [engine.name for engine in engines]
    if len(set(names)) < len(names):
        raise ValueError("two engines have one name: " + ", ".join(names))
    return engines


class Row:
    """A model and a work, and what the engines made of it, round by round."""

    def __init__(self, model, work, engines):
        self.model, self.work = model, work
        self.name = os.path.basename(model)
        self.rates = {engine.name: {} for engine in engines}  # {round: tokens a second}
        self.errors, self.commands = {}, {}
        self.demand = None

    def run(self, engine, number, threads):
        """One engine once; its roofs, if it measured them. An engine that failed is not asked again."""
        try:
            self.commands.setdefault(engine.name, engine.command_line(self.model, self.work, threads))
            rate, output = engine.run(self.model, self.work, threads)
        except EngineError as error:
            self.errors[engine.name] = str(error)
            return None
        self.rates[engine.name][number] = rate
        measured = limits.read(output, self.work)
        if measured:
            self.demand = measured[1]
        return measured and measured[0]

    def results(self, first, roofs):
        """By engine, what goes into the report."""
        results = {}
        for name, by_round in self.rates.items():
            rates = list(by_round.values())
            result = results[name] = {"command": self.commands.get(name), "tokens_per_second": rates}
            if name in self.errors:
                result["error"] = self.errors[name]
                continue
            result.update(min=min(rates), median=statistics.median(rates), max=max(rates))
            both = [number for number in by_round if number in self.rates[first]]
            if both:
                result["ratio"] = statistics.median(self.rates[first][number] / by_round[number] for number in both)
            if roofs and self.demand:
                result["share"] = result["median"] / self.demand.limit(roofs)
        return results


def run_all(rows, engines, rounds, threads):
    """Every engine on every row, in rounds: each time another one begins. The roofs measured on the way."""
    roofs = []
    total, done = rounds * len(rows) * len(engines), 0
    for number in range(rounds):
        for index, row in enumerate(rows):
            start = (number + index) % len(engines)
            for engine in engines[start:] + engines[:start]:
                done += 1
                if engine.name in row.errors:
                    continue
                print(f"[{done}/{total}] round {number + 1}: {row.work.label}, {row.name}, {engine.name} ... ", end="",
                      file=sys.stderr, flush=True)
                measured = row.run(engine, number, threads)
                if measured:
                    roofs.append(measured)
                print(row.errors.get(engine.name) or f"{row.rates[engine.name][number]:.1f} tok/s", file=sys.stderr)
    return roofs


def compare(models, works, engines, rounds, threads):
    """All there is to report, ready for JSON."""
    described = machine.describe()
    rows = [Row(model, work, engines) for model in models for work in works]
    all_roofs = run_all(rows, engines, rounds, threads)
    roofs = limits.median(all_roofs)
    return {
        "date": described.pop("date"),
        "machine": described,
        "threads": threads,
        "rounds": rounds,
        "engines": [{"name": engine.name, "program": engine.program, "commands": engine.commands} for engine in engines],
        "roofs": roofs and roofs.__dict__,
        "all_roofs": [each.__dict__ for each in all_roofs],
        "rows": [{"model": row.model, "name": row.name, "work": row.work.__dict__, "label": row.work.label,
                  "demand": row.demand and row.demand.__dict__, "results": row.results(engines[0].name, roofs)}
                 for row in rows],
    }


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
    print(f"wrote {path}", file=sys.stderr)


def at_least_one(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return value


def main():
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL", help="GGUF files")
    parser.add_argument("--work", action="append", metavar="WORK",
                        help="prefill:N, decode:N, decode:N@DEPTH, decode:NxSTREAMS, decode:N@DEPTHxSTREAMS; any "
                        "number of times (default: prefill:512 and decode:64)")
    parser.add_argument("--engine", action="append", metavar="ENGINE",
                        help="NAME, NAME=PROGRAM, FILE.json or JSON; any number of times (default: realizar)")
    parser.add_argument("-t", "--threads", type=at_least_one, default=None, help="(default: the physical cores)")
    parser.add_argument("--rounds", type=at_least_one, default=3, help="(default: 3)")
    parser.add_argument("-o", "--output", default="comparison", help="files to write, without their endings "
                        "(default: comparison)")
    arguments = parser.parse_intermixed_args()
    try:
        works = [Work.parse(text) for text in arguments.work or ["prefill:512", "decode:64"]]
        engines = read_engines(arguments.engine or ["realizar"])
        for model in arguments.models:
            if not os.path.isfile(model):
                raise ValueError(f"there is no file {model}")
    except (ValueError, OSError) as error:
        parser.error(str(error))
    threads = arguments.threads or machine.describe()["cores"]
    comparison = compare(arguments.models, works, engines, arguments.rounds, threads)
    write(arguments.output + ".json", json.dumps(comparison, indent=2) + "\n")
    table = report.markdown(comparison)
    write(arguments.output + ".md", table)
    chart = roofline.svg(comparison)
    if chart:
        write(arguments.output + ".svg", chart)
    else:
        print("no chart: no engine measured the roofs, as realizar does", file=sys.stderr)
    print(table, end="")
    measured = any(not result.get("error") for row in comparison["rows"] for result in row["results"].values())
    return 0 if measured else 1


if __name__ == "__main__":
    sys.exit(main())
