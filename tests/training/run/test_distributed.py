"""Two processes that share the batches train the same weights as one."""

import os
import subprocess
import sys

import pytest
import torch

from tests.support.training_run import RUN, write_config
from training.configuration.config import read_config
from training.run.distributed import Ranks
from training.run.run_log import LOG_NAME
from training.train import STATE_FOLDER, train

# Dropout draws differently in every process. SGD, because AdamW divides gradients by their own
# size, and so turns what rounding leaves of a zero into a step.
EQUAL = (
    RUN.replace("batch_videos = ", 'dropout = 0.0\noptimizer = "sgd"\nbatch_videos = ', 3)
    .replace("epochs = 3", "epochs = 1\nlearning_rate = 0.02")
    .replace("alternating_epochs = 4", "alternating_epochs = 1")
    .replace("warmup_epochs = 2", "warmup_epochs = 1")
    .replace("finetune_epochs = 2", "finetune_epochs = 1")
    .replace("batch_videos = 3", "batch_videos = 11", 1)  # a last batch of one video
    .replace("[joint]", '[joint]\nrecognition_optimizer = "sgd"\nrecognition_learning_rate = 0.02')
    .replace("policy_weights", 'policy_optimizer = "sgd"\npolicy_weights')
    .replace("policy_weights", "decay_at = []\npolicy_weights")
)
RUNS = {
    "pooled": EQUAL,
    # Slower, since whole networks at a high rate turn rounding into chaos.
    "whole": EQUAL.replace("[joint]", "[joint]\nend_to_end = true").replace("0.02", "0.001"),
}


def configs(folder, processes):
    """With a cache of their own, so that the processes share all of the work."""
    own = f'cache = "cache_{processes}"'
    return {
        name: write_config(folder, f"{name}_{processes}", text.replace('cache = "cache"', own))
        for name, text in RUNS.items()
    }


def run_by_two(configs):
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    script = ["-m", "tests.support.train_runs", *map(str, configs.values())]
    result = subprocess.run(
        [sys.executable, *launcher, *script],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert result.returncode == 0, result.stderr


def final_weights(output):
    """As trained, before they are rounded to what half precision holds."""
    state = torch.load(output / STATE_FOLDER / "joint.pt", weights_only=True)
    return state["state"]["parts"]["weights"]


def test_two_processes_train_the_same_weights_as_one(run_folder):
    for path in configs(run_folder, 1).values():
        train(read_config(path))

    run_by_two(configs(run_folder, 2))

    for name, tolerance in (("pooled", 1e-6), ("whole", 1e-4)):
        one, two = (run_folder / f"{name}_{processes}" for processes in (1, 2))
        weights, shared = final_weights(one), final_weights(two)
        assert weights.keys() == shared.keys()
        for key, tensor in weights.items():
            torch.testing.assert_close(shared[key], tensor, rtol=0, atol=tolerance)
        lines, shared_lines = ((path / LOG_NAME).read_text().splitlines() for path in (one, two))
        assert len(lines) == len(shared_lines), "one of the processes writes the log"


def test_a_batch_is_divided_and_its_mean_kept():
    losses = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
    for world in (1, 2, 3, 7):
        shards = [Ranks(rank, world).shard(torch.arange(5)) for rank in range(world)]
        assert all(len(shard.rows) for shard in shards)
        means = [losses[shard.rows].sum() * shard.scale for shard in shards]
        assert sum(means) / world == pytest.approx(3.0)
