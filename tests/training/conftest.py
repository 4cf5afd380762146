"""The clips of tiny runs, made once for all workers."""

import pytest

from tests.support.shared_folder import shared_folder
from tests.support.training_run import prepare_run


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
    """Clips, manifest and spec of `tests.support.training_run`; outputs need names of their own."""
    from filelock import FileLock

    folder = shared_folder(tmp_path_factory) / "tiny-run"
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            folder.mkdir()
            prepare_run(folder)
    return folder
