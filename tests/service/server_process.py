"""ServerProcess: a server on a free port, with a directory of its own, that a test can signal."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import httpx2 as httpx

ROOT = Path(__file__).parents[2]


class ServerProcess:
    """Its log goes to a file, so that it never waits for a reader."""

    def __init__(self, command, directory, **settings):
        self.port = free_port()
        self.temp_dir = Path(tempfile.mkdtemp(dir=directory))
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = Path(directory) / f"server-{self.port}.log"
        jobs_dir = Path(directory) / f"jobs-{self.port}"
        own = {"port": self.port, "temp_dir": self.temp_dir, "jobs_dir": jobs_dir}
        settings = {**own, **settings}
        given = {f"ADAMML_{name.upper()}": str(value) for name, value in settings.items()}
        with self._log.open("w") as log:
            environment = {**_others(os.environ), "PYTHONPATH": str(ROOT), **given}
            self.process = subprocess.Popen(command, env=environment, stderr=log)
        self.client = httpx.Client(base_url=self.url, timeout=60)

    def wait_until_ready(self, seconds=30.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                if self.client.get("/readyz").status_code == 200:
                    return self
            time.sleep(0.05)
        raise AssertionError(f"the server was not ready in time: {self._log.read_text()}")

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds=15.0):
        """Its exit status."""
        return self.process.wait(seconds)

    def log_text(self):
        return self._log.read_text()

    def log_lines(self):
        return [json.loads(line) for line in self.log_text().splitlines()]

    def files(self):
        """What uploads have left."""
        return [path for path in self.temp_dir.rglob("*") if path.is_file()]

    def kill(self):
        self.client.close()
        self.process.kill()
        self.process.wait()


def _others(environment):
    """Without what is set for the tests themselves: the service refuses names it does not know."""
    return {name: value for name, value in environment.items() if not name.startswith("ADAMML_")}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
