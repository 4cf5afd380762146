"""The sandbox: nothing that runs in it outlives, outgrows or outruns what it was given."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from model.common.deadline import Deadline
from model.common.errors import DeadlineExceededError, DecodeTimeoutError, UndecodableVideoError
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.sandbox import Deadlines, run_pipeline, run_sandboxed

LIMITS = DecodeLimits()
# A child that starts another one, which waits, and tells its number. It may run no other program.
FAMILY = "import os, time\npid = os.fork()\nif not pid: time.sleep(60)\nprint(pid, flush=True)\n"


def deadlines(*, seconds=60.0, wall_seconds=60.0):
    return Deadlines(request=Deadline(seconds), decoding=Deadline(wall_seconds))


def run(code, *, limits=LIMITS, until=None, max_output_bytes=10**6, follow=None):
    command = [sys.executable, "-S", "-E", "-c", code]
    return run_sandboxed(
        command,
        limits=limits,
        deadlines=until or deadlines(),
        max_output_bytes=max_output_bytes,
        follow=follow,
    )


def is_running(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def wait_until_gone(pid):
    give_up = time.monotonic() + 10
    while is_running(pid) and time.monotonic() < give_up:
        time.sleep(0.01)
    return not is_running(pid)


def test_output_errors_and_status_come_back():
    finished = run("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")

    assert (finished.status, bytes(finished.output), finished.errors) == (3, b"out\n", "err\n")


def test_both_pipes_are_drained_side_by_side():
    """More than a pipe holds on each of them, in turns, would block a reader of one at a time."""
    finished = run(
        "import sys\n"
        "for _ in range(8): sys.stderr.write('e' * 99_999); sys.stdout.write('o' * 99_999)",
        max_output_bytes=10**6,
    )

    assert len(finished.output) == len(finished.errors) == 8 * 99_999


def test_no_input_and_no_environment(monkeypatch):
    monkeypatch.setenv("A_SECRET", "x")

    finished = run("import os, sys; print(sys.stdin.read(), sorted(os.environ))")

    assert "A_SECRET" not in finished.output.decode()
    assert finished.output.startswith(b" [")


def test_limits_are_set():
    code = (
        "import time; time.sleep(0.3); import resource as r;"
        "print([r.getrlimit(x)[0] for x in (r.RLIMIT_CPU, r.RLIMIT_AS, r.RLIMIT_FSIZE,"
        " r.RLIMIT_CORE)])"
    )
    limits = DecodeLimits(cpu_seconds=7, memory_bytes=2**31)

    assert run(code, limits=limits).output.decode().strip() == f"[7, {2**31}, 0, 0]"


def test_processor_time_is_limited():
    with pytest.raises(DecodeTimeoutError, match="1 s of processor time"):
        run("while True: pass", limits=DecodeLimits(cpu_seconds=1))


def test_memory_is_limited():
    code = "import time; time.sleep(0.3); bytearray(2**30)"

    assert run(code, limits=DecodeLimits(memory_bytes=2**29)).status != 0


def test_the_wall_limit_kills_the_whole_group():
    said = bytearray()

    def follow(output, errors):
        said[:] = output

    with pytest.raises(DecodeTimeoutError, match=r"within 1\.5 s"):
        run(FAMILY + "time.sleep(60)", until=deadlines(wall_seconds=1.5), follow=follow)

    assert wait_until_gone(int(said))


def test_a_passed_deadline_is_the_requests_own_error():
    with pytest.raises(DeadlineExceededError):
        run("import time; time.sleep(60)", until=deadlines(seconds=0.2))


def test_cancelling_stops_the_child():
    deadline = Deadline(60)
    timer = threading.Timer(0.2, deadline.cancel)
    timer.start()
    with pytest.raises(DeadlineExceededError, match="cancelled"):
        run("import time; time.sleep(60)", until=Deadlines(deadline, Deadline(60)))
    timer.join()


def test_cancelling_stops_a_child_that_has_closed_its_output():
    deadline = Deadline(60)
    timer = threading.Timer(0.5, deadline.cancel)
    timer.start()
    code = "import os, time; os.close(1); os.close(2); time.sleep(60)"
    with pytest.raises(DeadlineExceededError):
        run(code, until=Deadlines(deadline, Deadline(60)))
    timer.join()


def test_nothing_starts_after_the_deadline():
    with pytest.raises(DeadlineExceededError):
        run_sandboxed(
            ["/does/not/exist"], limits=LIMITS, deadlines=deadlines(seconds=0), max_output_bytes=1
        )


def test_what_a_child_leaves_running_does_not_hold_its_end_up():
    """The grandchild inherits both pipes; it is killed as soon as the child has ended."""
    finished = run(FAMILY)

    assert finished.status == 0
    assert wait_until_gone(int(finished.output))


def test_too_much_output_is_an_error():
    with pytest.raises(UndecodableVideoError, match="more than 1000 bytes"):
        run("while True: print('x' * 100)", max_output_bytes=1000)


def test_a_flood_of_complaints_is_shortened_in_the_middle():
    finished = run("import sys; sys.stderr.write('first' + 'x' * 6_000_000 + 'last')")

    assert finished.errors.startswith("first")
    assert finished.errors.endswith("last")
    assert len(finished.errors) < 5_000_000


def test_it_works_from_many_threads():
    results = []
    threads = [
        threading.Thread(target=lambda n=n: results.append(bytes(run(f"print({n})").output)))
        for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == [f"{n}\n".encode() for n in range(6)]


def run_two(first, last):
    python = [sys.executable, "-S", "-E", "-c"]
    return run_pipeline(
        [[*python, first], [*python, last]],
        limits=LIMITS,
        deadlines=deadlines(),
        max_output_bytes=10**6,
    )


def test_what_a_killed_program_had_not_written_is_not_taken_for_the_end():
    """The one that reads it cannot tell."""
    killed = "import signal; print('half', flush=True); signal.raise_signal(signal.SIGKILL)"
    with pytest.raises(DecodeTimeoutError, match="stopped"):
        run_two(killed, "print(input()); input()")


@pytest.mark.parametrize("first", ["print('whole')", "while True: print('more')"])
def test_a_program_may_end_before_the_last_one_or_be_ended_with_it(first):
    finished = run_two(first, "import os; print(len(os.read(0, 4)))")

    assert (finished.status, bytes(finished.output)) == (0, b"4\n")


def test_a_missing_program_is_not_the_videos_fault():
    with pytest.raises(FileNotFoundError):
        run_sandboxed(["/does/not/exist"], limits=LIMITS, deadlines=deadlines(), max_output_bytes=1)


@pytest.mark.parametrize("field", ["max_duration_seconds", "max_pixels", "wall_seconds"])
def test_limits_must_be_positive(field):
    with pytest.raises(ValueError, match=f"{field} is 0; it must be above 0"):
        DecodeLimits(**{field: 0})


def test_the_test_itself_sees_what_runs():
    sleeper = subprocess.Popen(["sleep", "60"])
    assert is_running(sleeper.pid)
    sleeper.kill()
    sleeper.wait()
    assert not is_running(sleeper.pid)
