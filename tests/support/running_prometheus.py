"""A real Prometheus with the committed rules, on a free port, that scrapes every second."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import time

import httpx2 as httpx
import yaml

from tests.support.prometheus_programs import CONFIGURATION, program


class RunningPrometheus:
    """A context manager; `targets` are the addresses to scrape, in place of a name to resolve."""

    def __init__(self, directory, targets):
        self._directory = directory
        self._targets = targets
        self._port = _free_port()
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{self._port}", timeout=30)

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
        self._client.close()
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

    def query(self, expression):
        """[(labels, value)] of now."""
        found = self._get("query", query=expression)["result"]
        return [(series["metric"], float(series["value"][1])) for series in found]

    def query_range(self, expression, *, seconds, step=1, end=None):
        """[(labels, [(time, value)])] of the last `seconds`."""
        end = time.time() if end is None else end
        window = {"start": end - seconds, "end": end, "step": step}
        found = self._get("query_range", query=expression, **window)["result"]
        return [
            (series["metric"], [(moment, float(value)) for moment, value in series["values"]])
            for series in found
        ]

    def label_values(self, query):
        """What Grafana makes of a variable's `label_values(series, label)`."""
        series, label = re.fullmatch(r"label_values\((.*), (\w+)\)", query).groups()
        return self._get(f"label/{label}/values", **{"match[]": series})

    def rules(self):
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def _get(self, what, **parameters):
        response = self._client.get(f"/api/v1/{what}", params=parameters)
        response.raise_for_status()
        return response.json()["data"]


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
