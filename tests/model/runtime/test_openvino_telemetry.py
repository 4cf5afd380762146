import os
import subprocess
import sys

PROGRAM = """
import socket, sys
def refuse(*_):
    raise AssertionError("the network was asked for")
socket.getaddrinfo = socket.socket.connect = refuse
from model.runtime.openvino import OpenvinoRuntime
assert not any(name.startswith("openvino_telemetry.") for name in sys.modules)
"""


def test_importing_it_leaves_nothing_behind_and_tells_nobody(tmp_path):
    # In CI the package would be silent of itself.
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH")}

    subprocess.run([sys.executable, "-c", PROGRAM], env={**kept, "HOME": str(tmp_path)}, check=True)

    assert list(tmp_path.iterdir()) == []
