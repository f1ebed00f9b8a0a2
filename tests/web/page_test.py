#!/usr/bin/env python3
"""page_test.py REALIZAR FOLDER: the web page in Chromium, against answers of the program REALIZAR. Keeps pictures of the
page in FOLDER. Exits with 77, and says why, where something is missing that the test needs."""
import functools
import http.server
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

PROJECT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
MODEL = CACHE / "realizar" / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
ENGINE = PROJECT / "dist" / "realizar.mjs"
SECONDS = 120  # that the slowest step may take on a busy machine

try:
    from selenium import webdriver
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait
except ImportError:
    webdriver = None

QUESTION = "Name the capital of France."
ISOLATION = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}


def missing():
    """What the test cannot do without and is not there, if anything."""
    if not ENGINE.exists():
        return "no engine for browsers: scripts/setup wasm, then the build of the preset wasm"
    if not MODEL.exists():
        return "no default model: scripts/fetch_model could not fetch it"
    if webdriver is None:
        return "no Selenium: scripts/fetch_selenium"
    for program in "chromium", "chromedriver":
        if not shutil.which(program):
            return f"no {program}: scripts/setup chromium chromium-driver"
    return None


class Program:
    """`realizar web`, while it runs."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([REALIZAR, "web", "--root", PROJECT, "--port", "0", *arguments],
                                        stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[1]

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.stdout.close()
        return self.process.wait(SECONDS)


class StaticServer:
    """Any server of files, with the headers given."""

    def __init__(self, folder, headers):
        class Handler(http.server.SimpleHTTPRequestHandler):
            extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript",
                              ".wasm": "application/wasm"}

            def end_headers(self):
                for name, value in headers.items():
                    self.send_header(name, value)
                super().end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@functools.cache
def native_answer(question, tokens):
    """What the program answers, always choosing the most likely token."""
    return subprocess.run([REALIZAR, "run", MODEL, "-p", question, "-n", str(tokens), "--temperature", "0", "--device",
                           "cpu"], check=True, capture_output=True, text=True).stdout


def words(text):
    """Text without what Markdown writes, and without how lines are broken."""
    return text.translate(str.maketrans("", "", "*`#")).split()


class PageTest(unittest.TestCase):
    def setUp(self):
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1100,800"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.browser = webdriver.Chrome(options=options,
                                        service=webdriver.ChromeService(shutil.which("chromedriver")))
        self.addCleanup(self.browser.quit)
        self.browser.set_script_timeout(SECONDS)

    def serve(self, server):
        self.addCleanup(server.close)
        self.browser.get(server.url)
        return server

    def static_folder(self):
        """The page and the engine, as one would copy them to a server."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        shutil.copytree(PROJECT / "web", folder.name, dirs_exist_ok=True)
        shutil.copytree(PROJECT / "dist", pathlib.Path(folder.name) / "dist")
        return folder.name

    def find(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def shows(self, selector):
        return any(element.is_displayed() for element in self.browser.find_elements(By.CSS_SELECTOR, selector))

    def wait(self, condition, what):
        WebDriverWait(self.browser, SECONDS, poll_frequency=0.1).until(lambda _: condition(), what)

    def wait_for(self, selector):
        self.wait(lambda: self.shows(selector) or self.fail_on_problem(), f"{selector} does not show")

    def fail_on_problem(self):
        if self.shows("#problem"):
            self.fail(self.find("#problem-text").text)

    def load_served_model(self):
        self.wait_for("#load-served")
        self.find("#load-served").click()
        self.wait_for("#composer")

    def choose_file(self, path):
        self.find("#pick-file").send_keys(str(path))

    def set(self, **settings):
        self.find("#open-settings").click()
        for key, value in settings.items():
            self.browser.execute_script(
                "const [field, value] = arguments; field.value = value;"
                "field.dispatchEvent(new Event('input', { bubbles: true }));", self.find(f"#setting-{key}"), value)
        self.find("#settings button[type=submit]").click()

    def answers(self):
        return self.browser.find_elements(By.CSS_SELECTOR, ".answer")

    def ask(self, question):
        """The answer, when it is there."""
        n_before = len(self.answers())
        self.find("#question").send_keys(question, Keys.ENTER)
        self.wait(lambda: self.fail_on_problem() or len(self.answers()) > n_before
                  and not self.shows("#stop"), "no answer")
        return self.answers()[-1].find_element(By.CLASS_NAME, "text").text

    def expect_native(self, answer, tokens, question=QUESTION):
        self.assertEqual(words(answer), words(native_answer(question, tokens)))

    def keep_picture(self, name):
        self.browser.save_screenshot(str(PICTURES / f"page_{name}.png"))

    def expect_no_complaints(self):
        complaints = [entry["message"] for entry in self.browser.get_log("browser") if entry["level"] == "SEVERE"
                      and "model.json" not in entry["message"]]
        self.assertEqual(complaints, [])

    def test_answers_as_the_program_does_and_works_offline(self):
        server = self.serve(Program(MODEL))
        self.load_served_model()
        self.assertTrue(self.browser.execute_script("return crossOriginIsolated"))
        self.set(temperature=0, maxTokens=64)
        first = self.ask(QUESTION)
        self.expect_native(first, 64)
        self.assertRegex(self.answers()[-1].find_element(By.CLASS_NAME, "speed").text, r"\d+ tokens · [\d.]+ tokens/s")
        self.expect_no_complaints()

        # A long answer is stopped, and the conversation goes on.
        self.set(maxTokens=2000)
        self.find("#question").send_keys("Write a very long story about a lighthouse.", Keys.ENTER)
        self.wait(lambda: len(self.answers()[-1].text.split()) > 20, "no long answer")
        self.keep_picture("answering")
        self.find("#stop").click()
        self.wait(lambda: self.shows("#send"), "the answer does not stop")
        self.assertIn("stopped", self.answers()[-1].find_element(By.CLASS_NAME, "speed").text)
        self.set(maxTokens=16)
        self.assertTrue(self.ask("Thank you."))
        self.keep_picture("conversation")

        # Everything again without the server.
        kept = "caches.match(new URL('model.gguf', document.baseURI).href).then(Boolean)"
        self.wait(lambda: self.browser.execute_async_script(f"{kept}.then(arguments[0])"), "the model is not kept")
        self.assertEqual(server.close(), 130)
        self.browser.refresh()
        self.load_served_model()
        self.set(maxTokens=64)
        self.assertEqual(self.ask(QUESTION), first)

    def test_a_file_on_any_server_that_isolates_the_page(self):
        self.serve(StaticServer(self.static_folder(), ISOLATION))
        self.assertFalse(self.shows("#load-served"))
        self.choose_file(MODEL)
        self.wait_for("#composer")
        self.set(temperature=0, maxTokens=64)
        self.expect_native(self.ask(QUESTION), 64)
        self.expect_no_complaints()

    def test_one_thread_where_the_page_is_not_isolated(self):
        self.serve(StaticServer(self.static_folder(), {}))
        self.choose_file(MODEL)
        self.wait_for("#composer")
        self.assertIn("1 thread", self.find("#model-line").text)
        self.set(temperature=0, maxTokens=64)
        self.expect_native(self.ask(QUESTION), 64)

    def test_a_file_that_is_no_model_is_an_error_to_read(self):
        self.serve(StaticServer(self.static_folder(), ISOLATION))
        self.keep_picture("welcome")
        with tempfile.NamedTemporaryFile(suffix=".gguf") as file:
            file.write(b"nothing of the kind" * 100)
            file.flush()
            self.choose_file(file.name)
            self.wait(lambda: self.shows("#problem"), "no error")
        self.assertIn("could not be loaded", self.find("#problem-text").text)
        self.assertTrue(self.shows("#welcome"))
        self.find("#close-problem").click()
        self.assertFalse(self.shows("#problem"))

        self.browser.execute_script(
            "const dataTransfer = new DataTransfer();"
            "dataTransfer.items.add(new File(['no model either'], 'dropped.gguf'));"
            "for (const type of ['dragenter', 'dragover', 'drop'])"
            "  document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));")
        self.wait(lambda: self.shows("#problem"), "no error")
        self.assertIn("dropped.gguf could not be loaded", self.find("#problem-text").text)

    def test_an_update_is_taken_the_next_time_the_page_is_opened(self):
        folder = pathlib.Path(self.static_folder())
        self.serve(StaticServer(folder, ISOLATION))
        self.wait(lambda: self.browser.execute_script("return Boolean(navigator.serviceWorker.controller)"),
                  "the service worker does not start")
        for name in "index.html", "page.js":
            path = folder / name
            path.write_text(path.read_text().replace("Talk with", "Speak with")
                            + ("document.title = 'updated';" if name == "page.js" else ""))
        self.browser.refresh()
        self.wait(lambda: self.browser.title == "updated", "an old module")
        self.assertIn("Speak with", self.find("#welcome-title").text)

    def test_by_keyboard_on_a_phone_in_the_dark(self):
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                     {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True})
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                     {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
        self.serve(Program(MODEL))
        self.wait_for("#load-served")
        focused = self.browser.switch_to.active_element
        self.assertEqual(focused.get_attribute("id"), "load-served")
        focused.send_keys(Keys.ENTER)
        self.wait_for("#composer")
        question = self.browser.switch_to.active_element
        self.assertEqual(question.get_attribute("id"), "question")
        question.send_keys("Count from one to a thousand.", Keys.ENTER)
        self.wait(lambda: self.answers() and self.answers()[-1].text.count("\n") + len(self.answers()[-1].text) > 40,
                  "no answer")
        self.keep_picture("phone")
        question.send_keys(Keys.ESCAPE)
        self.wait(lambda: self.shows("#send"), "Escape does not stop the answer")
        width = self.browser.execute_script("return document.documentElement.scrollWidth")
        self.assertLessEqual(width, 360)
        self.find("#open-settings").send_keys(Keys.ENTER)
        self.assertTrue(self.shows("#settings"))
        self.keep_picture("settings")
        self.browser.switch_to.active_element.send_keys(Keys.ESCAPE)
        self.wait(lambda: not self.shows("#settings"), "Escape does not close the settings")
        unnamed = self.browser.execute_script(
            "return [...document.querySelectorAll('button, input, select, textarea')].filter("
            "(e) => !e.labels?.length && !e.textContent.trim() && !e.ariaLabel).map((e) => e.outerHTML)")
        self.assertEqual(unnamed, [])


if __name__ == "__main__":
    if reason := missing():
        print(f"{pathlib.Path(__file__).name}: Skipped\n{reason}")
        sys.exit(77)
    REALIZAR = sys.argv[1]
    PICTURES = pathlib.Path(sys.argv[2])
    PICTURES.mkdir(parents=True, exist_ok=True)
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
