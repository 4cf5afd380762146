"""A program that wants to do harm, in the decoder's place: it can in the open, and not in here."""

from __future__ import annotations

import gc
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from model.common.deadline import Deadline
from model.inputs.ffmpeg import kernel_sandbox
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.kernel_sandbox import (
    MODE_VARIABLE,
    Offered,
    SandboxMissingError,
    offered,
    sandbox_in_use,
    start_confined,
)
from model.inputs.ffmpeg.permissions import interpreter_of, permissions_of
from model.inputs.ffmpeg.programs import programs
from model.inputs.ffmpeg.sandbox import Deadlines, run_sandboxed
from model.inputs.ffmpeg.system_calls import program_of

SOURCE = Path(__file__).parents[3] / "support" / "hostile.c"
needs_kernel = pytest.mark.skipif(
    not offered().is_complete, reason=f"the kernel does not offer all of it, but {offered()}"
)
FILE_ATTEMPTS = ("read", "list", "write", "chmod", "truncate", "unlink", "exec", "exec-copy")
REFUSED = ("EACCES", "EPERM")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """The program, built; it links to the system's libraries as an operator's ffmpeg may."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler; the same in Python is tested below")
    program = tmp_path_factory.mktemp("hostile") / "hostile"
    subprocess.run([compiler, "-o", program, SOURCE], check=True, timeout=60)
    return program


@pytest.fixture
def victims(tmp_path):
    """What each attempt is aimed at."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    sleeper = subprocess.Popen(["sleep", "60"])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        paths = dict.fromkeys(("read", "write", "chmod", "truncate", "unlink"), str(secret))
        yield {
            **paths,
            "list": str(tmp_path),
            "exec": "/bin/true",
            "exec-copy": "/bin/true",
            "connect": port,
            "send": port,
            "ptrace": str(sleeper.pid),
            "kill": str(sleeper.pid),
            "io_uring": "-",
        }
    sleeper.kill()
    sleeper.wait()


def in_sandbox(*command):
    deadlines = Deadlines(Deadline(30), Deadline(30))
    finished = run_sandboxed(
        [str(word) for word in command],
        limits=DecodeLimits(),
        deadlines=deadlines,
        max_output_bytes=10_000,
    )
    assert finished.status == 0, finished.errors
    return finished.output.decode().strip()


def in_the_open(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@needs_kernel
@pytest.mark.parametrize("attempt", [*FILE_ATTEMPTS, "connect", "send", "ptrace", "kill"])
def test_what_works_in_the_open_fails_in_the_sandbox(hostile, victims, attempt, tmp_path):
    assert in_sandbox(hostile, attempt, victims[attempt]) in REFUSED
    assert (tmp_path / "secret").read_text() == "secret"
    assert in_the_open(hostile, attempt, victims[attempt]) == "done"


@needs_kernel
def test_it_makes_no_other_files_either(hostile, tmp_path):
    assert in_sandbox(hostile, "write", tmp_path / "new") in REFUSED
    assert not (tmp_path / "new").exists()


@needs_kernel
def test_interfaces_around_the_filter_are_closed(hostile, victims):
    assert in_sandbox(hostile, "io_uring", "-") == "EPERM"


PYTHON_ATTEMPTS = {
    "read": "open({0!r}).read()",
    "write": "open({0!r}, 'a')",
    "unlink": "os.unlink({0!r})",
    "connect": "import socket; socket.create_connection(('127.0.0.1', int({0!r})))",
    "exec": "os.execv({0!r}, [{0!r}])",
    "ptrace": (
        "import ctypes; c = ctypes.CDLL(None, use_errno=True)\n"
        "if c.ptrace(16, int({0!r}), 0, 0): raise OSError(ctypes.get_errno(), '')"
    ),
}


@needs_kernel
@pytest.mark.parametrize("attempt", PYTHON_ATTEMPTS)
def test_the_same_in_python(victims, attempt):
    """Which needs no compiler, and is what the AV1 decoder runs in."""
    code = "import os\ntry:\n    {}\nexcept PermissionError as e:\n    print('refused', e.errno)"
    lines = PYTHON_ATTEMPTS[attempt].format(victims[attempt]).replace("\n", "\n    ")

    assert in_sandbox(sys.executable, "-I", "-S", "-c", code.format(lines)).startswith("refused")


@needs_kernel
def test_its_own_input_can_be_read(tmp_path):
    path = tmp_path / "input"
    path.write_text("input")
    code = "import sys; print(open(sys.argv[2].removeprefix('file:')).read())"

    assert in_sandbox(sys.executable, "-I", "-S", "-c", code, "-i", f"file:{path}") == "input"


@needs_kernel
def test_a_live_source_opens_the_network_for_its_decoder_alone(victims):
    code = "import socket; socket.create_connection(('127.0.0.1', int(__import__('sys').argv[3])))"
    source = f"http://127.0.0.1:{victims['connect']}/"
    command = [sys.executable, "-I", "-S", "-c", code, "-i", source, victims["connect"]]
    with_network = start_confined(command, stderr=subprocess.PIPE)
    without = start_confined([*command[:6], "pipe:0", command[7]], stderr=subprocess.PIPE)

    assert with_network.communicate()[1] == b""
    assert b"PermissionError" in without.communicate()[1]


@needs_kernel
class Garbage:
    """In a cycle, so that the collector alone finds it."""

    def __init__(self, told):
        self.told, self.itself = told, self

    def __del__(self):
        self.told.append(threading.current_thread().name)


@needs_kernel
def test_no_garbage_is_collected_in_a_thread_that_may_do_nothing(monkeypatch):
    """Its finalizers may have processes to end, which is refused there."""
    told = []
    start = subprocess.Popen

    def littering(*arguments, **options):
        for _ in range(100):
            Garbage(told)
        return start(*arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", littering)
    thresholds = gc.get_threshold()
    gc.set_threshold(1)
    try:
        child = start_confined([str(programs().ffmpeg), "-version"], stdout=subprocess.DEVNULL)
        assert child.wait(30) == 0
    finally:
        gc.set_threshold(*thresholds)
    assert gc.isenabled()
    gc.collect()

    assert len(told) >= 100
    assert "confined" not in told


def test_the_service_itself_stays_free(tmp_path):
    """The thread that starts the child is confined, and ends."""
    in_sandbox(programs().ffprobe, "-version")

    (tmp_path / "file").write_text("written")
    socket.create_server(("127.0.0.1", 0)).close()
    assert threading.active_count() == len(threading.enumerate())
    assert not [thread for thread in threading.enumerate() if thread.name == "confined"]


@pytest.fixture
def fresh(monkeypatch):
    """`sandbox_in_use` decides anew, now and afterwards."""
    sandbox_in_use.cache_clear()
    yield monkeypatch
    sandbox_in_use.cache_clear()


@pytest.mark.parametrize("found", [Offered(0, seccomp=True), Offered(0, seccomp=False)])
def test_required_refuses_what_is_not_complete(fresh, found):
    fresh.setenv(MODE_VARIABLE, "required")
    fresh.setattr(kernel_sandbox, "offered", lambda: found)

    with pytest.raises(SandboxMissingError, match=f"alone: {found}"):
        sandbox_in_use()


def test_auto_takes_what_there_is(fresh):
    fresh.setattr(kernel_sandbox, "offered", lambda: Offered(0, seccomp=False))

    assert str(sandbox_in_use()) == "none"
    assert in_sandbox(programs().ffprobe, "-version").startswith("ffprobe version")


def test_another_mode_is_refused(fresh):
    fresh.setenv(MODE_VARIABLE, "yes")

    with pytest.raises(ValueError, match="'yes'; allowed are auto, required, off"):
        sandbox_in_use()


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("network", [True, False])
def test_the_filter_is_made_for_both_processors(monkeypatch, machine, network):
    """Each call that is named exists on one of them at least."""
    monkeypatch.setattr("platform.machine", lambda: machine)
    program_of.cache_clear()
    program = program_of(network=network, devices=False)
    program_of.cache_clear()

    assert len(program) % 8 == 0
    assert 200 < len(program) // 8 < 4096


def test_off_is_off(fresh):
    fresh.setenv(MODE_VARIABLE, "off")

    assert str(sandbox_in_use()) == "none"


@needs_kernel
@pytest.mark.parametrize("mode", ["auto", "required"])
def test_a_decoder_that_does_not_run_in_it(fresh, tmp_path, mode):
    """Such as a script, whose shell it may not run."""
    script = tmp_path / "ffmpeg"
    script.write_text(f'#!/bin/sh\nexec {programs().ffmpeg} "$@"\n')
    script.chmod(0o755)
    fresh.setenv(MODE_VARIABLE, mode)
    fresh.setenv("ADAMML_FFMPEG", str(script))
    programs.cache_clear()
    try:
        if mode == "required":
            with pytest.raises(SandboxMissingError, match="does not start in it"):
                sandbox_in_use()
        else:
            assert str(sandbox_in_use()) == "none"
    finally:
        fresh.delenv("ADAMML_FFMPEG")
        programs.cache_clear()


def test_permissions_name_the_input_and_the_program_alone():
    program = programs().ffprobe
    permissions = permissions_of([program, "-v", "error", "-i", "file:/videos/a:b.mp4"])

    assert interpreter_of(program) is None
    assert permissions.execute == (program,)
    assert permissions.read == (program, "/videos/a:b.mp4")
    assert not permissions.network


@pytest.mark.skipif(not os.access("/bin/ls", os.X_OK), reason="there is no /bin/ls")
def test_a_program_that_is_not_static_needs_its_loader():
    loader = interpreter_of("/bin/ls")

    assert loader is None or permissions_of(["/bin/ls"]).execute == ("/bin/ls", loader)
