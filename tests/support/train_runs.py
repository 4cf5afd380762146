"""python -m tests.support.train_runs CONFIG...: several training runs in one process.

For tests under torchrun, where starting processes takes longer than a tiny run.
"""

import sys
from pathlib import Path

from training.configuration.config import read_config
from training.train import train

if __name__ == "__main__":
    for config in sys.argv[1:]:
        train(read_config(Path(config)))
