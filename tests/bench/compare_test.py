#!/usr/bin/env python3
"""bench/compare.py, driven with engines that are small scripts."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

PROJECT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "bench"))
sys.dont_write_bytecode = True

from comparison.engines import BUILT_IN, Engine  # noqa: E402
from comparison.limits import Demand, Roofs  # noqa: E402
from comparison.roofline import Axis  # noqa: E402
from comparison.work import Work  # noqa: E402

# Prints what `realizar bench --json` prints, with figures that are easy to work with.
LIKE_REALIZAR = """
import json, sys
a = sys.argv
value = lambda flag, default: int(a[a.index(flag) + 1]) if flag in a else default
streams = value("-b", 1)
rates = lambda rate, tokens: {"tokens": tokens, "macs_per_token": {"int8": 1e9, "int16": 0, "f32": 0},
                              "tokens_per_second": {"min": rate, "median": rate, "max": rate}} if tokens else None
print(json.dumps({"prefill": rates(200.0, value("-p", 512)), "decode": rates(50.0 * streams, value("-n", 64)),
                  "weight_bytes": 500000000, "bytes_per_token": 500000000 // streams, "read_bandwidth_gb_per_s": 40.0,
                  "int8_peak_gmac_per_s": 400.0, "f32_peak_gmac_per_s": 50.0}))
"""

# Notes in a file that it ran, and is half as fast.
NOTING = """
import sys
open(sys.argv[1], "a").write(sys.argv[2] + "\\n")
print("ran at 25.0 tokens/s")
"""


class CompareTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.model = self.folder / "small.gguf"
        self.model.write_bytes(b"")

    def script(self, name, text):
        path = self.folder / name
        path.write_text(f"#!{sys.executable}\n{text}")
        path.chmod(0o755)
        return path

    def noting(self, name):
        """An engine that prefills and decodes, and nothing else."""
        script = self.script(name, NOTING)
        command = "{program} " + f"{self.folder / 'runs'} {name}"
        return json.dumps({"name": name, "program": str(script), "rate": r"at ([0-9.]+) tokens/s",
                           "commands": {"prefill": command, "decode": command}})

    def compare(self, *arguments):
        done = subprocess.run([sys.executable, PROJECT / "bench" / "compare.py", self.model, "-t", "2", "-o",
                               self.folder / "out", *map(str, arguments)], capture_output=True, text=True)
        path = self.folder / "out.json"
        return done, json.loads(path.read_text()) if path.exists() else None

    def test_table_json_and_chart(self):
        like_realizar = self.script("like_realizar", LIKE_REALIZAR)
        done, comparison = self.compare("--engine", f"realizar={like_realizar}", "--engine", self.noting("slow"),
                                        "--rounds", 2)
        self.assertEqual(done.returncode, 0, done.stderr)
        prefill, decode = comparison["rows"]
        self.assertEqual(prefill["label"], "prefill 512")
        self.assertEqual(decode["results"]["realizar"]["tokens_per_second"], [50.0, 50.0])
        self.assertEqual(decode["results"]["slow"]["ratio"], 2.0)
        # 500 MB a token at 40 GB/s are 80 tok/s; 1 GMAC a token at 400 GMAC/s are 400.
        self.assertAlmostEqual(decode["results"]["realizar"]["share"], 50 / 80)
        self.assertAlmostEqual(prefill["results"]["realizar"]["share"], 200 / 400)
        self.assertEqual(decode["results"]["slow"]["command"][0], str(self.folder / "slow"))
        self.assertGreater(comparison["machine"]["threads"], 0)

        self.assertIn("|  | decode 64 | realizar | 50.0 (50.0-50.0) | 1 | 0.62 |", done.stdout)
        self.assertIn("|  |  | slow | 25.0 (25.0-25.0) | 2.00 | 0.31 |", done.stdout)
        self.assertEqual((self.folder / "out.md").read_text(), done.stdout)

        chart = xml.etree.ElementTree.parse(self.folder / "out.svg").getroot()
        titles = [title.text for title in chart.iter("{http://www.w3.org/2000/svg}title")]
        self.assertIn("slow: decode 64, small.gguf: 25.0 tok/s, 25.0 GMAC/s", titles)
        self.assertEqual(len(titles), 2 + 4)  # the legend, and two engines in two rows

    def test_engines_take_turns_and_another_begins_each_round(self):
        done, _ = self.compare("--engine", self.noting("a"), "--engine", self.noting("b"), "--work", "decode:8",
                               "--rounds", 3)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.folder / "runs").read_text().split(), ["a", "b", "b", "a", "a", "b"])
        self.assertFalse((self.folder / "out.svg").exists(), "nothing measured the roofs")

    def test_an_engine_that_fails_is_a_row_that_says_so(self):
        broken = json.dumps({"name": "broken", "like": "realizar", "program": str(
            self.script("broken", "import sys; print('no such architecture', file=sys.stderr); sys.exit(3)"))})
        silent = json.dumps({"name": "silent", "like": "realizar", "program": str(self.script("silent", "pass"))})
        slow = json.dumps({"name": "slow", "like": "realizar", "timeout": 0.5, "program": str(
            self.script("slow", "import time; time.sleep(60)"))})
        absent = f"llama.cpp={self.folder / 'absent'}"
        done, comparison = self.compare("--engine", broken, "--engine", silent, "--engine", slow, "--engine", absent,
                                        "--engine", self.noting("works"), "--work", "decode:8", "--work", "decode:8x2")
        self.assertEqual(done.returncode, 0, done.stderr)
        alone, streams = (row["results"] for row in comparison["rows"])
        self.assertEqual(alone["broken"]["error"], "failed with status 3: no such architecture")
        self.assertEqual(alone["silent"]["error"], "printed no rate that its regular expression finds")
        self.assertEqual(alone["slow"]["error"], "took longer than 0.5 s")
        self.assertEqual(alone["llama.cpp"]["error"], f"there is no program {self.folder / 'absent'}")
        self.assertEqual(alone["works"]["median"], 25.0)
        self.assertNotIn("ratio", alone["works"], "the first engine has no figure to compare with")
        self.assertEqual(streams["works"]["error"], "has no command for decode 8 in 2 streams")
        self.assertIn("| broken | failed with status 3: no such architecture |  |  |", done.stdout)
        self.assertEqual(done.stderr.count("no such architecture"), 2, "once a row, not once a round")

    def test_no_figure_at_all_is_a_failure(self):
        done, _ = self.compare("--engine", f"llama.cpp={self.folder / 'absent'}")
        self.assertEqual(done.returncode, 1)

    def test_wrong_command_lines_say_what_is_wrong(self):
        for arguments, reason in ((["--work", "decode:0"], "is no work"), (["--work", "prefill:8x2"], "is no work"),
                                  (["--engine", "abacus"], "no built-in engine is called 'abacus'"),
                                  (["--engine", '{"name": "x", "program": "x", "commands": {}}'], "lacks 'rate'"),
                                  (["--engine", '{"name": "x", "like": "realizar", "rate": "no group"}'], "no group"),
                                  (["--engine", '{"name": "x", "like": "realizar", "commands": {"decode": "{modle}"}}'],
                                   "modle"),
                                  (["--engine", '{"name": "x", "like": "realizar", "timeout": "soon"}'], "no number of"),
                                  (["--engine", "realizar", "--engine", "realizar"], "one name"),
                                  (["--rounds", "0"], "less than 1"), ([self.folder / "none.gguf"], "there is no file")):
            done, _ = self.compare(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(reason, done.stderr)


class PartsTest(unittest.TestCase):
    def test_works(self):
        self.assertEqual(Work.parse("decode:64@4096x8"), Work("decode", 64, 4096, 8))
        self.assertEqual([Work.parse(text).command for text in
                          ("prefill:1", "decode:1", "decode:1@2", "decode:1x2", "decode:1x1", "decode:1@2x3")],
                         ["prefill", "decode", "depth", "streams", "decode", "streams"])

    def test_a_limit_is_the_lower_of_memory_and_arithmetic(self):
        roofs = Roofs(read_bandwidth=10, int8_peak=100, f32_peak=20)
        self.assertEqual(Demand(int8=100, int16=0, f32=0, bytes=100).limit(roofs), 1 / 10)
        self.assertEqual(Demand(int8=20, int16=40, f32=20, bytes=1).limit(roofs), 1 / 2)

    def test_rates_of_the_built_in_engines(self):
        outputs = {"realizar": '{"prefill": {"tokens_per_second": {"min": 1.5, "median": 1234.5, "max": 2.5}}}',
                   "llama.cpp": '[{"n_prompt": 512, "avg_ns": 9, "avg_ts": 1234.5, "stddev_ts": 0.1}]',
                   "ik_llama.cpp": '[{"n_prompt": 512, "avg_ns": 9, "avg_ts": 1234.5, "stddev_ts": 0.1}]'}
        for name, output in outputs.items():
            engine = Engine.from_description({"name": name, "like": name})
            self.assertEqual(float(engine.rate.search(output)[1]), 1234.5, name)
        self.assertEqual(set(outputs), set(BUILT_IN))

    def test_an_axis_holds_its_values(self):
        axis = Axis([3, 700], 0, 300, 10)
        self.assertEqual(axis.ticks(), [1, 10, 100, 1000])
        self.assertAlmostEqual(axis.place(10), 100)


if __name__ == "__main__":
    unittest.main()
