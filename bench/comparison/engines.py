"""Engines as programs: a command for every kind of work, and where its output says the rate."""
import dataclasses
import json
import os
import re
import shlex
import shutil
import subprocess

_PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COMMANDS = ("prefill", "decode", "depth", "streams")
_LLAMA_BENCH = "{program} -m {model} -t {threads} -r 1 -o json "

BUILT_IN = {
    "realizar": {
        "program": os.path.join(_PROJECT, "build", "release", "realizar"),
        "commands": {
            "prefill": "{program} bench {model} -t {threads} -r 1 --json -p {tokens} -n 0",
            "decode": "{program} bench {model} -t {threads} -r 1 --json -p 0 -n {tokens}",
            "depth": "{program} bench {model} -t {threads} -r 1 --json -p 0 -n {tokens} -d {depth}",
            "streams": "{program} bench {model} -t {threads} -r 1 --json -p 0 -n {tokens} -d {depth} -b {streams}",
        },
        "rate": r'"median":\s*([\d.e+]+)',
    },
    "llama.cpp": {
        "program": "llama-bench",
        "commands": {
            "prefill": _LLAMA_BENCH + "-p {tokens} -n 0",
            "decode": _LLAMA_BENCH + "-p 0 -n {tokens}",
            "depth": _LLAMA_BENCH + "-p 0 -n {tokens} -d {depth}",
        },
        "rate": r'"avg_ts":\s*([\d.e+]+)',
    },
    # Weights are repacked when they are loaded, which is its fastest way.
    "ik_llama.cpp": {
        "program": "llama-bench",
        "commands": {
            "prefill": _LLAMA_BENCH + "-rtr 1 -p {tokens} -n 0",
            "decode": _LLAMA_BENCH + "-rtr 1 -p 0 -n {tokens}",
            "depth": _LLAMA_BENCH + "-rtr 1 -p 0 -n 0 -gp {depth},{tokens}",
        },
        "rate": r'"avg_ts":\s*([\d.e+]+)',
    },
}


class EngineError(Exception):
    """Why an engine gave no figure."""


@dataclasses.dataclass(frozen=True)
class Engine:
    name: str
    program: str
    commands: dict
    rate: re.Pattern
    timeout: float = 900  # seconds of one run

    @staticmethod
    def from_description(description):
        """From what a JSON file says of an engine; `like` takes from a built-in one what is not said."""
        like = description.get("like")
        if like is not None and like not in BUILT_IN:
            raise ValueError(f"no built-in engine is called '{like}': there are {', '.join(BUILT_IN)}")
        whole = {**BUILT_IN.get(like, {}), **description}
        for key in ("name", "program", "commands", "rate"):
            if key not in whole:
                raise ValueError(f"an engine lacks '{key}': {json.dumps(description)}")
        known = dict(program="", model="", threads=1, tokens=1, depth=0, streams=1)
        for kind, command in whole["commands"].items():
            if kind not in COMMANDS:
                raise ValueError(f"engine '{whole['name']}' has a command '{kind}': give {', '.join(COMMANDS)}")
            try:
                command.format(**known)
            except (KeyError, IndexError, ValueError) as error:
                raise ValueError(f"'{command}' of engine '{whole['name']}' has a field that is not known ({error}): "
                                 f"there are {', '.join(known)}") from None
        try:
            rate = re.compile(whole["rate"])
        except re.error as error:
            raise ValueError(f"the rate of engine '{whole['name']}' is no regular expression: {error}") from None
        if rate.groups < 1:
            raise ValueError(f"the rate of engine '{whole['name']}' has no group (...) around the number")
        timeout = whole.get("timeout", Engine.timeout)
        if not isinstance(timeout, (int, float)) or timeout <= 0:
            raise ValueError(f"the timeout of engine '{whole['name']}' is no number of seconds: {timeout!r}")
        return Engine(whole["name"], os.path.expanduser(whole["program"]), whole["commands"], rate, timeout)

    def command_line(self, model, work, threads):
        template = self.commands.get(work.command)
        if template is None:
            raise EngineError(f"has no command for {work.label}")
        fields = dict(program=self.program, model=model, threads=threads, tokens=work.tokens, depth=work.depth,
                      streams=work.streams)
        return [part.format(**fields) for part in shlex.split(template)]

    def run(self, model, work, threads):
        """Tokens a second, and all that the program printed."""
        command = self.command_line(model, work, threads)
        if shutil.which(command[0]) is None:
            raise EngineError(f"there is no program {command[0]}")
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                                  timeout=self.timeout)
        except subprocess.TimeoutExpired:
            raise EngineError(f"took longer than {self.timeout:g} s") from None
        except OSError as error:
            raise EngineError(f"cannot be run: {error.strerror}") from None
        if done.returncode != 0:
            lines = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()
            raise EngineError(f"failed with status {done.returncode}: {lines[-1][:200]}")
        match = self.rate.search(done.stdout)
        try:
            rate = float(match[1])
        except (TypeError, ValueError):
            raise EngineError("printed no rate that its regular expression finds") from None
        if rate <= 0:
            raise EngineError(f"printed a rate of {rate}")
        return rate, done.stdout
