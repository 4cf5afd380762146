"""Where one test run, with however many workers, keeps what is made once."""

import os


def shared_folder(tmp_path_factory):
    """The folder of this run that all its workers see.

    A worker's own folder lies in it. Without workers the parent is that of all runs, where an
    earlier one's files would be found.
    """
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
