import pytest

from training.data.sources.splits import SplitPlan, assign_splits


def groups(count, label="run"):
    return {f"{label}{number}": label for number in range(count)}


@pytest.mark.parametrize(
    ("count", "train", "val", "test"),
    [(1, 1, 0, 0), (2, 1, 1, 0), (3, 1, 1, 1), (20, 14, 3, 3), (100, 70, 15, 15)],
)
def test_shares_of_each_label(count, train, val, test):
    splits = list(assign_splits(groups(count) | groups(4, "sit"), SplitPlan()).values())
    sits = list(assign_splits(groups(4, "sit"), SplitPlan()).values())

    for name, wanted in (("train", train), ("val", val), ("test", test)):
        assert splits.count(name) == wanted + sits.count(name)


def test_the_seed_changes_who_but_not_how_many():
    first, same, other = (assign_splits(groups(40), SplitPlan(seed=seed)) for seed in (0, 0, 1))

    assert first == same
    assert first != other
    assert sorted(first.values()) == sorted(other.values())


def test_a_new_group_moves_few_others():
    before = assign_splits(groups(100), SplitPlan())
    after = assign_splits(groups(101), SplitPlan())

    assert sum(before[group] != after[group] for group in before) <= 3


def test_nothing_is_held_out_where_the_share_is_zero():
    assert set(assign_splits(groups(10), SplitPlan(val=0.2, test=0)).values()) == {"train", "val"}


@pytest.mark.parametrize("shares", [{"val": -0.1}, {"val": 0.6, "test": 0.4}])
def test_refuses_shares_that_leave_nothing_to_train_on(shares):
    with pytest.raises(ValueError, match="shares from 0 that leave some for train"):
        SplitPlan(**shares)
