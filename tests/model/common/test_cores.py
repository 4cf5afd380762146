"""Cores are those that were granted, by affinity and by the container's limit."""

import os

import pytest

from model.common.cores import num_cores

GRANTED = len(os.sched_getaffinity(0))


def second_version(folder, text):
    (folder / "cpu.max").write_text(text)


def first_version(folder, limit, period="100000"):
    (folder / "cpu").mkdir()
    (folder / "cpu" / "cpu.cfs_quota_us").write_text(limit)
    (folder / "cpu" / "cpu.cfs_period_us").write_text(period)


@pytest.mark.parametrize(
    ("text", "cores"),
    [
        ("max 100000\n", GRANTED),
        ("50000 100000\n", 1),
        ("100000 100000\n", 1),
        ("6400000 100000\n", GRANTED),
        ("nonsense\n", GRANTED),
    ],
)
def test_a_limit_of_the_second_version(tmp_path, text, cores):
    second_version(tmp_path, text)
    assert num_cores(tmp_path) == cores


@pytest.mark.parametrize(("limit", "cores"), [("-1", GRANTED), ("50000", 1), ("6400000", GRANTED)])
def test_a_limit_of_the_first_version(tmp_path, limit, cores):
    first_version(tmp_path, limit)
    assert num_cores(tmp_path) == cores


def test_without_limits_all_that_was_granted(tmp_path):
    assert num_cores(tmp_path) == GRANTED
