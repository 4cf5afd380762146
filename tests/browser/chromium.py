"""Chromium, driven as a visitor would: what is clicked, what is seen, what leaves, what it logs."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
PROGRAMS = ("chromium", "chromedriver")
DESK, PHONE = (1280, 900), (390, 844)
SECONDS = 20
# The camera is a test picture that no one has to allow.
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--mute-audio",
    "--lang=en-GB",
)


def missing():
    """Which programs a visit needs and this machine has not."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


def start(downloads, *, traces=False):
    options = Options()
    options.binary_location = shutil.which("chromium")
    for argument in ARGUMENTS:
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    if traces:
        options.add_experimental_option("perfLoggingPrefs", {"traceCategories": "toplevel"})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    # Named, so that nothing is looked for, or fetched, elsewhere.
    return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))


# The second time what is hidden from readers, as it is said elsewhere, must be seen as well.
_RUN_AXE = """
  const done = arguments[0];
  const hidden = [...document.querySelectorAll("span.face, #heads")];
  axe.run().then(async ({ violations }) => {
    for (const one of hidden) one.removeAttribute("aria-hidden");
    const seen = await axe.run({ runOnly: ["color-contrast"] });
    for (const one of hidden) one.setAttribute("aria-hidden", "true");
    done([...violations, ...seen.violations]);
  });
"""


class Visit:
    """A browser on one service. `close` says what was wrong all along."""

    def __init__(self, driver, url, pictures):
        self.driver, self.url, self.pictures = driver, url, pictures
        self.events = []
        self.emulate()
        driver.get(url)

    def find(self, identifier):
        return self.driver.find_element(By.ID, identifier)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def click(self, selector, place=0):
        self.wait(lambda: len(self.all(selector)) > place)
        element = self.all(selector)[place]
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def text(self, identifier):
        return self.find(identifier).text

    def is_seen(self, identifier):
        return self.find(identifier).is_displayed()

    def wait(self, condition, seconds=SECONDS):
        WebDriverWait(self.driver, seconds, poll_frequency=0.05).until(lambda driver: condition())

    def choose(self, identifier, value):
        script = (
            "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change'))"
        )
        self.run(script, self.find(identifier), value)

    def upload(self, path):
        """By the input that the button opens."""
        self.run("arguments[0].hidden = false", self.find("file"))
        self.find("file").send_keys(str(path))
        self.run("arguments[0].hidden = true", self.find("file"))

    def wait_for_answer(self):
        self.wait(lambda: not self.is_seen("working") and self.is_seen("answer"))

    def emulate(self, size=DESK, scheme="light", height=None):
        width, usual = size
        metrics = {"width": width, "height": height or usual, "deviceScaleFactor": 1}
        self._devtools("Emulation.setDeviceMetricsOverride", **metrics, mobile=width < 600)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self._devtools("Emulation.setEmulatedMedia", features=[feature])

    def photograph(self, name):
        """The whole page at both widths, light and dark, where somebody wants to look; and that
        nothing lies beyond its edge."""
        for width, size in (("desk", DESK), ("phone", PHONE)):
            for scheme in ("light", "dark") if self.pictures else ("light",):
                self.emulate(size, scheme)
                if self.pictures:
                    self._photograph(self.pictures / f"{name}-{width}-{scheme}.png", size, scheme)
                root = "document.documentElement"
                assert self.run(f"return {root}.scrollWidth - {root}.clientWidth") == 0, (
                    name,
                    width,
                )
        self.emulate()

    def _photograph(self, path, size, scheme):
        height = self.run("return document.documentElement.scrollHeight")
        self.emulate(size, scheme, height=max(height, size[1]))
        time.sleep(0.15)
        self.driver.save_screenshot(str(path))

    def faults_of_access(self, schemes=("light",)):
        """What axe-core finds serious or worse."""
        self._devtools("Runtime.evaluate", expression=AXE.read_text())
        return [fault for scheme in schemes for fault in self._faults(scheme)]

    def _faults(self, scheme):
        self.emulate(scheme=scheme)
        violations = self.driver.execute_async_script(_RUN_AXE)
        self.emulate()
        return [
            (
                scheme,
                one["id"],
                [node["target"] for node in one["nodes"]][:3],
                one["nodes"][0]["any"][:1],
            )
            for one in violations
            if one["impact"] in ("serious", "critical")
        ]

    def logged(self, *, but=()):
        """Messages of the console, but for refusals that the test asked for."""
        messages = [entry["message"] for entry in self.driver.get_log("browser")]
        return [text for text in messages if not any(word in text for word in but)]

    def read_events(self):
        for entry in self.driver.get_log("performance"):
            self.events.append(json.loads(entry["message"])["message"])
        return self.events

    def strangers(self):
        """Addresses outside the service that were asked for."""
        sent = (one for one in self.read_events() if one["method"] == "Network.requestWillBeSent")
        addresses = {one["params"]["request"]["url"] for one in sent}
        own = (self.url, "blob:", "data:", "about:")
        return sorted(address for address in addresses if not address.startswith(own))

    def _devtools(self, method, **parameters):
        self.driver.execute_cdp_cmd(method, parameters)


def pictures_folder():
    """BROWSER_PICTURES: where pictures are written for people to look at; None where nobody is."""
    name = os.environ.get("BROWSER_PICTURES")
    if not name:
        return None
    folder = Path(name).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder
