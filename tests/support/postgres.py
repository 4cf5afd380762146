"""A PostgreSQL server of its own for the tests, where the programs are installed."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path


def programs():
    """initdb and postgres; None where they are not installed."""
    folders = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    path = os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")])
    found = [shutil.which(name, path=path) for name in ("initdb", "postgres")]
    return found if all(found) else None


@contextmanager
def running_postgres():
    """Its address for SQLAlchemy. The server refuses to run as root, so as root it is nobody's."""
    initdb, postgres = programs()
    as_other = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    prefix = as_other if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="adamml-postgres-"))
    if prefix:
        shutil.chown(folder, "nobody", "nogroup")
    data, port = folder / "data", _free_port()
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    options = ["-U", "adamml", "-A", "trust", "-E", "UTF8", "--no-sync", "-D", str(data)]
    subprocess.run(
        [*prefix, initdb, *options], check=True, capture_output=True, env=environment, cwd=folder
    )
    command = [*prefix, postgres, "-D", str(data), "-p", str(port), "-k", str(folder)]
    settings = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([*command, *settings], stderr=log, env=environment, cwd=folder)
    try:
        _wait_for(port)
        yield f"postgresql+psycopg://adamml@127.0.0.1:{port}/postgres"
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _wait_for(port, seconds=20.0):
    import psycopg

    end = time.monotonic() + seconds
    while True:
        try:
            psycopg.connect(f"host=127.0.0.1 port={port} user=adamml dbname=postgres").close()
        except psycopg.OperationalError:
            assert time.monotonic() < end, "PostgreSQL did not come up"
            time.sleep(0.1)
        else:
            return
