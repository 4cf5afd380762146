"""How far a modality is believed follows from videos that its classifier has not seen."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from model.networks.adamml import AdaMML
from model.spec.model_spec import FusionSpec, PolicySpec
from tests.support.models import tiny_spec
from tests.training.joint.test_joint import informative_features
from training.joint.calibrating import calibrate
from training.joint.objective import policy_outputs, recognition_logits


def make(**changes):
    torch.manual_seed(0)
    model = AdaMML(tiny_spec(fusion=FusionSpec(rule="log_sum_exp"), **changes)).eval()
    return model, informative_features(model)


def loss(model, features, judged):
    count = features.available.shape[2]
    exits = judged[:, :, count] if judged.shape[2] > count else None
    decisions = features.available.float()
    video = model.fuse(judged[:, :, :count], decisions, exits).video
    return F.cross_entropy(video, features.targets).item()


def test_a_modality_that_is_sure_and_wrong_is_believed_less():
    model, features = make()
    right = 2 * F.one_hot(features.targets, 4).float()
    wrong = 8 * F.one_hot(torch.arange(len(features)) // 2 % 4, 4).float()
    judged = torch.stack([wrong, right, torch.zeros_like(right)], dim=1)
    features = replace(
        features, judged=judged[:, None].repeat(1, features.available.shape[1], 1, 1)
    )

    after = calibrate(model, features)

    rgb, audio = (
        after.judged[..., row, :].std() / features.judged[..., row, :].std() for row in (0, 1)
    )
    assert rgb < 0.3 * audio
    assert loss(model, features, after.judged) < 0.5 * loss(model, features, features.judged)


@pytest.mark.parametrize("exits", [False, True])
def test_the_classifiers_then_say_what_was_fitted(exits):
    model, features = make(policy=PolicySpec(joint_width=16, lstm_width=8, exits=exits))

    def said():
        logits = recognition_logits(model, features)
        own = policy_outputs(model, features).exit_logits
        return logits if own is None else torch.cat([logits, own.unsqueeze(2)], dim=2)

    with torch.no_grad():
        judged = 3 * said() + torch.randn(4)
        before = said()
        after = calibrate(model, replace(features, judged=judged)).judged
        # A line through what was judged and what it became, for each row; it is met exactly.
        x, y = (value - value.mean((0, 1)) for value in (judged, after))
        scale = (x * y).sum((0, 1, 3)) / x.square().sum((0, 1, 3))
        offset = (after - scale[:, None] * judged).mean((0, 1))

        torch.testing.assert_close(after, judged * scale[:, None] + offset, atol=1e-4, rtol=1e-3)
        expected = before * scale[:, None] + offset
        torch.testing.assert_close(said(), expected, atol=1e-4, rtol=1e-3)


def test_without_what_was_judged_nothing_can_be_calibrated():
    with pytest.raises(ValueError, match="across folds"):
        calibrate(*make())
