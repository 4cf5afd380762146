from training.configuration.recipe import UnimodalConfig
from training.run.fingerprint import differences, fingerprint_of


def test_nested_values_get_dotted_names():
    facts = fingerprint_of("unimodal", {"rgb": UnimodalConfig(step_epochs=(3, 4))})

    assert facts["unimodal.rgb.step_epochs.1"] == "4"
    assert facts["unimodal.rgb.frozen_stages"] == "None"


def test_differences_are_named_and_counted():
    before = {"a": "1", "b": "2", "c": "3", "e": "5"}

    assert differences(before, before) == ""
    assert differences({**before, "b": "x"}, before) == "b was 2 and is x"
    now = {"b": "x", "c": "x", "d": "4", "e": "x"}
    assert differences(now, before) == (
        "a was 1 and is gone, b was 2 and is x, c was 3 and is x, and 2 more"
    )
    assert differences({"a": "1"}, {}) == "a is new"
