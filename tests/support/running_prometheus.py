"""A real Prometheus with the committed rules, on a free port, that scrapes every second."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time

import httpx2 as httpx
import yaml

from tests.support.dashboards import GRAFANA
from tests.support.prometheus_programs import CONFIGURATION, program

# The same questions as those that draw the README's picture.
sys.path.insert(0, str(GRAFANA / "source"))

import asking


class RunningPrometheus(asking.Prometheus):
    """A context manager; `targets` are the addresses to scrape, in place of a name to resolve."""

    def __init__(self, directory, targets):
        self._directory = directory
        self._targets = targets
        self._port = _free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        super().__init__(self.url)

    def __enter__(self):
        configuration = self._directory / "prometheus.yml"
        configuration.write_text(yaml.safe_dump(self._configuration()))
        command = [
            program("prometheus"),
            f"--config.file={configuration}",
            f"--storage.tsdb.path={self._directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{self._port}",
            "--log.level=warn",
        ]
        self._log = (self._directory / "prometheus.log").open("w")
        self._process = subprocess.Popen(command, stderr=self._log)
        self._wait_until_up()
        return self

    def __exit__(self, *exception):
        self.close()
        self._process.terminate()
        self._process.wait(30)
        self._log.close()

    def _configuration(self):
        """The committed one, but for its hurry and where the targets come from."""
        configuration = yaml.safe_load(CONFIGURATION.read_text())
        hurry = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
        configuration["global"] |= hurry
        configuration["rule_files"] = [
            str(CONFIGURATION.parent / pattern) for pattern in configuration["rule_files"]
        ]
        (job,) = configuration["scrape_configs"]
        del job["dns_sd_configs"]
        job["static_configs"] = [{"targets": self._targets}]
        return configuration

    def _wait_until_up(self):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with contextlib.suppress(httpx.TransportError, httpx.HTTPStatusError):
                if len(self.query('up{job="adamml"} == 1')) == len(self._targets):
                    return
            time.sleep(0.1)
        raise AssertionError("Prometheus could not scrape its targets in time")

    def rules(self):
        return [rule for group in self.get("rules")["groups"] for rule in group["rules"]]


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
