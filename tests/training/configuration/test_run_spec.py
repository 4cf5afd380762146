import pytest

from model.spec.model_spec import PolicySpec
from tests.support.models import tiny_spec
from training.configuration.config import TrainConfig
from training.configuration.run_spec import make_input_spec, make_spec

LABELS = ("a", "b", "c")


def config(tmp_path, **changes):
    path = tmp_path / "spec.json"
    path.write_text(tiny_spec().model_dump_json())
    unimodal = {name: {} for name in ("rgb", "audio", "flow")}
    settings = {"name": "run", "preset": str(path), "output": tmp_path, "unimodal": unimodal}
    return TrainConfig.model_validate({**settings, "data": {"manifest": "m.csv"}, **changes})


def test_the_file_gives_the_networks_and_the_manifest_the_labels(tmp_path):
    spec = make_spec(config(tmp_path), LABELS)

    assert (spec.name, spec.labels) == ("run", LABELS)
    assert spec.modalities == tiny_spec().modalities
    assert spec.costs is not None


def test_a_subset_of_modalities_has_the_same_inputs(tmp_path):
    chosen = config(tmp_path, model={"modalities": ["flow", "rgb"]})

    assert make_spec(chosen, LABELS).modality_names == ("rgb", "flow")
    assert make_input_spec(chosen, LABELS) == make_input_spec(config(tmp_path), LABELS)


def test_flow_judged_by_itself_shares_the_cache_where_both_networks_see_the_same(tmp_path):
    by_flow, usual = config(tmp_path, model={"flow_proxy": "flow"}), config(tmp_path)
    assert make_spec(by_flow, LABELS).modality("flow").proxy == "flow"
    assert make_input_spec(by_flow, LABELS) != make_input_spec(usual, LABELS)

    flow = tiny_spec().modality("flow")
    alike = flow.model_copy(update={"recognizer": flow.policy})
    spec = tiny_spec().model_copy(update={"modalities": (*tiny_spec().modalities[:2], alike)})
    (tmp_path / "spec.json").write_text(spec.model_dump_json())
    assert make_spec(by_flow, LABELS).modality("flow").proxy == "flow"
    assert make_input_spec(by_flow, LABELS) == make_input_spec(usual, LABELS)


def test_the_policy_and_the_fusion_can_differ(tmp_path):
    changes = {
        "policy": {"lstm_width": 0, "joint_decision": True},
        "fusion": {"rule": "max"},
        "train_segments": 2,
        "flow_proxy": "flow",
    }
    spec = make_spec(config(tmp_path, model=changes), LABELS)

    assert spec.policy == PolicySpec(
        joint_width=16, lstm_width=None, feeds_back_logits=False, joint_decision=True
    )
    assert spec.fusion.rule == "max"
    assert spec.train_segments == 2
    assert spec.modalities[2].proxy == "flow"


def test_dropout_is_that_of_the_recogniser(tmp_path):
    unimodal = {"rgb": {"dropout": 0.0}, "audio": {}, "flow": {}}
    spec = make_spec(config(tmp_path, unimodal=unimodal), LABELS)

    assert [modality.recognizer.dropout for modality in spec.modalities] == [0.0, 0.5, 0.5]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"unimodal": {"rgb": {}}}, r"\[unimodal\] has \['rgb'\]"),
        ({"model": {"flow_proxy": "rgb"}}, "proxy of flow is 'rgb'"),
        (
            {"joint": {"cost_weights": {"rgb": 1.0}}},
            r"joint.cost_weights has \['rgb'\]; it lacks \['audio', 'flow'\]",
        ),
        (
            {
                "joint": {"policy_teacher": "gains", "folds": 2, "mixes_modalities": True},
                "model": {"policy": {"exits": True}},
            },
            "mixes_modalities needs model.policy.exits = false",
        ),
        ({"joint": {"random_policy": {"rgb": 1.5}}}, "less than or equal to 1"),
        ({"preset": "huge"}, "no preset is called 'huge'"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        make_spec(config(tmp_path, **changes), LABELS)


def test_the_policy_can_hear_by_a_network_like_the_recognisers(tmp_path):
    spec = make_spec(config(tmp_path, model={"policy": {"hears_by_recognizer": True}}), LABELS)

    audio, usual = spec.modality("audio"), tiny_spec().modality("audio")
    assert audio.policy == audio.recognizer == usual.recognizer != usual.policy
    assert spec.modality("rgb") == tiny_spec().modality("rgb")
