"""Settings of every test, made before any library starts its threads, and shared models."""

import os
import tempfile

import pytest

# With a worker per core, threads inside each worker only wait for one another.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# Servers that tests start keep their jobs here, not in the user's own directory.
os.environ.setdefault("ADAMML_JOBS_DIR", tempfile.mkdtemp(prefix="adamml-test-jobs-"))


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory):
    """A serving bundle of the tiny model; exporting takes long, so once for all workers."""
    from filelock import FileLock

    from model.files.export import export_bundle
    from tests.support.models import tiny_model

    # A worker's folder lies in the run's own, which all workers share. Without workers the parent
    # is that of all runs: the model of an earlier one would be found there.
    folder = tmp_path_factory.getbasetemp()
    path = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "tiny.adamml"
    with FileLock(path.with_suffix(".lock")):
        if not path.exists():
            export_bundle(tiny_model(), path)
    return path
