import pytest
import torch

from model.networks import PolicyNetwork
from model.spec.model_spec import PolicySpec
from tests.support.models import tiny_spec

OPTIONS = {
    "published": PolicySpec(joint_width=16, lstm_width=8),
    "no feedback": PolicySpec(joint_width=16, lstm_width=8, feeds_back_logits=False),
    "no lstm": PolicySpec(joint_width=16, lstm_width=None, feeds_back_logits=False),
    "joint decision": PolicySpec(joint_width=16, lstm_width=8, joint_decision=True),
    "availability": PolicySpec(joint_width=16, lstm_width=8, sees_availability=True),
    "whole": PolicySpec(joint_width=16, lstm_width=8, sees_whole=True),
}


def make_policy(option):
    torch.manual_seed(3)
    return PolicyNetwork(tiny_spec(policy=OPTIONS[option])).eval()


def proxies(videos=2, segments=3):
    def images(frames, channels):
        shape = (videos, segments, frames, 64, 64, channels)
        return torch.randint(0, 256, shape, dtype=torch.uint8)

    audio = torch.randn(videos, segments, 256, 256)
    return {"rgb": images(2, 3), "audio": audio, "flow": images(1, 15)}


@pytest.mark.parametrize("option", OPTIONS)
@torch.inference_mode()
def test_parts_make_the_whole(option):
    policy = make_policy(option)
    inputs, available = proxies(), torch.ones(2, 3, 3, dtype=torch.bool)

    whole = policy(inputs, available)

    features = [policy.branch_features(name, inputs[name].flatten(0, 1)) for name in inputs]
    joint = policy.joint(features, available.flatten(0, 1)).joint.reshape(2, 3, -1)
    joint = policy.with_whole(joint)
    state = policy.initial_state(joint[:, 0])
    for segment in range(3):
        logits, state = policy.step(joint[:, segment], state)
        torch.testing.assert_close(logits, whole[:, segment])
    assert whole.shape == (2, 3, 3, 2)


@pytest.mark.parametrize("option", OPTIONS)
def test_every_parameter_gets_a_gradient(option):
    policy = make_policy(option).train()

    policy(proxies(), torch.ones(2, 3, 3)).square().sum().backward()

    assert [name for name, weight in policy.named_parameters() if weight.grad is None] == []


@torch.inference_mode()
def test_a_segment_does_not_see_later_ones():
    policy = make_policy("published")
    joint = torch.randn(1, 4, 16)
    changed = joint.clone()
    changed[:, 2] += 5

    before, after = policy.recur(joint), policy.recur(changed)

    assert torch.equal(before[:, :2], after[:, :2])
    assert not torch.allclose(before[:, 3], after[:, 3])


@pytest.mark.parametrize("lstm_width", [8, None])
@torch.inference_mode()
def test_the_first_segment_is_judged_by_the_whole_video_where_the_spec_says_so(lstm_width):
    torch.manual_seed(3)
    options = PolicySpec(
        joint_width=16, lstm_width=lstm_width, feeds_back_logits=False, sees_whole=True
    )
    policy = PolicyNetwork(tiny_spec(policy=options)).eval()
    joint = torch.rand(1, 3, 16)
    larger, smaller = joint.clone(), joint.clone()
    larger[:, 2] += 5
    smaller[:, 2] -= 5

    whole = policy.recur(joint)

    assert not torch.allclose(policy.recur(larger)[:, 0], whole[:, 0])
    # Only the largest counts: what lies below it everywhere says nothing of itself.
    highest = joint.clone()
    highest[:, 1] = 2
    lowered = highest.clone()
    lowered[:, 2] = smaller[:, 2]
    torch.testing.assert_close(policy.recur(highest)[:, 0], policy.recur(lowered)[:, 0])


@torch.inference_mode()
def test_without_an_lstm_segments_are_independent():
    policy = make_policy("no lstm")
    joint = torch.randn(1, 4, 16)

    torch.testing.assert_close(policy.recur(joint.flip(1)), policy.recur(joint).flip(1))


@torch.inference_mode()
def test_the_previous_raw_logits_are_fed_back():
    policy = make_policy("published")
    joint = torch.randn(1, 16)
    logits, state = policy.step(joint, policy.initial_state(joint))

    torch.testing.assert_close(state.logits, logits.flatten(1))
    forgetful = state._replace(logits=torch.zeros_like(state.logits))
    assert not torch.allclose(policy.step(joint, state)[0], policy.step(joint, forgetful)[0])


@torch.inference_mode()
def test_a_joint_decision_is_the_same_for_all_modalities():
    logits = make_policy("joint decision").recur(torch.randn(2, 3, 16))

    assert logits.shape == (2, 3, 3, 2)
    assert torch.equal(logits[:, :, 0], logits[:, :, 2])


@pytest.mark.parametrize(("option", "sees"), [("availability", True), ("published", False)])
@torch.inference_mode()
def test_availability_is_seen_only_where_the_spec_says_so(option, sees):
    policy = make_policy(option)
    features = [
        torch.randn(1, policy.branch(name).feature_dim) for name in ("rgb", "audio", "flow")
    ]

    complete = policy.joint(features, torch.tensor([[True, True, True]])).joint
    without_audio = policy.joint(features, torch.tensor([[True, False, True]])).joint

    assert torch.allclose(complete, without_audio) is not sees
