"""A Ray cluster of several nodes on this machine: a raylet each, as `ray start` makes them."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
RAY = Path(sys.executable).with_name("ray")
_HOST = "127.0.0.1"
_ATTEMPTS, _START_SECONDS = 4, 90.0


class RayCluster:
    """`environment` is what drivers need to be let in. Processes of the cluster are known by their
    folder, which stands in the environment of each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.address = f"{_HOST}:{free_port()}"
        token = folder / "token"
        token.write_text(secrets.token_hex(32))
        self.environment = {
            **{name: value for name, value in os.environ.items() if not _is_ours(name)},
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH": "service.ray_proxy:middlewares",
            # Or they would wait for everything else.
            "RAY_worker_niceness": "0",
            # How full the disk is does not matter here.
            "RAY_local_fs_capacity_threshold": "1",
        }
        self._nodes: list[subprocess.Popen[bytes]] = []

    def start(self, nodes: int, *, cores: int) -> RayCluster:
        head = ["--head", f"--port={self.address.split(':')[1]}", "--include-dashboard=false"]
        head += [f"--temp-dir={self._folder}", f"--ray-client-server-port={free_port()}"]
        self._start_node(head, cores)
        for _ in range(nodes - 1):
            self._start_node([f"--address={self.address}"], cores)
        return self

    def _start_node(self, options: list[str], cores: int) -> None:
        """Ray gives it 30 s, which is short where there is other work; so it is tried again."""
        options += [f"--node-ip-address={_HOST}", f"--num-cpus={cores}", "--block"]
        options += ["--object-store-memory=200000000", "--disable-usage-stats"]
        for attempt in range(_ATTEMPTS):
            log = self._folder / f"node-{len(self._nodes)}-{attempt}.log"
            with log.open("w") as file:
                node = subprocess.Popen(
                    [RAY, "start", *options], env=self.environment, stdout=file, stderr=file
                )
            if _has_started(node, log):
                self._nodes.append(node)
                return
        raise AssertionError(f"a node did not come up: {log.read_text()}")

    def pids(self, word: str) -> list[int]:
        """Of the cluster's processes whose command line has `word`."""
        return [pid for pid in self._processes() if word.encode() in _read(pid, "cmdline")]

    def logged(self, word: str, pid: int) -> bool:
        """Whether that process has written a line with `word`."""
        logs = self._folder.glob(f"session_latest/logs/worker-*-{pid}.*")
        return any(word in log.read_text() for log in logs)

    def _processes(self) -> list[int]:
        mine = str(self._folder).encode()
        pids = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
        return [pid for pid in pids if mine in _read(pid, "environ")]

    def stop(self) -> None:
        """At once: what it still does, nobody wants."""
        for node in self._nodes:
            node.kill()
            node.wait()
        while left := [pid for pid in self._processes() if pid != os.getpid()]:
            for pid in left:
                _kill(pid)
            time.sleep(0.05)


@contextmanager
def ray_cluster(nodes: int, *, cores: int):
    # Sockets have short paths.
    folder = Path(tempfile.mkdtemp(prefix="ray-"))
    cluster = RayCluster(folder)
    try:
        yield cluster.start(nodes, cores=cores)
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _has_started(node: subprocess.Popen[bytes], log: Path) -> bool:
    end = time.monotonic() + _START_SECONDS
    while node.poll() is None and time.monotonic() < end:
        if "Ray runtime started" in log.read_text():
            return True
        time.sleep(0.2)
    node.kill()
    node.wait()
    return False


def node_of(pid: int) -> int:
    """The process id of the raylet that started it."""
    status = _read(pid, "status").decode()
    return int(status.split("PPid:")[1].split()[0])


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind((_HOST, 0))
        return listener.getsockname()[1]


def _is_ours(name: str) -> bool:
    """The service refuses names that it does not know."""
    return name.startswith("ADAMML_")


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
