"""Settings of every test, made before any library starts its threads."""

import os

# With a worker per core, threads inside each worker only wait for one another.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
