"""Mixed videos: every modality whole of one video of the label, and nothing from another label."""

import dataclasses

import torch

from model.networks.adamml import AdaMML
from tests.support.models import LABELS, tiny_spec
from tests.training.joint.test_joint import CONFIG, generator, informative_features
from training.joint.mixing import mixed_modalities, partners
from training.joint.trainer import JointTrainer


def numbered_features(model):
    """Every number of a segment says whose it is: 10 times the video, and the segment's place."""
    features = informative_features(model)
    videos, segments = features.available.shape[:2]
    number = 10.0 * torch.arange(videos)[:, None] + torch.arange(segments)

    def of(values):
        return {name: number[..., None].expand_as(rows) for name, rows in values.items()}

    judged = number[..., None, None].expand(videos, segments, 3, 3)
    return dataclasses.replace(
        features, recognition=of(features.recognition), policy=of(features.policy), judged=judged
    )


def test_a_modality_is_whole_and_of_one_video_of_the_label():
    model = AdaMML(tiny_spec())
    names = model.spec.modality_names
    features = numbered_features(model)
    # Of the second modality every third video has nothing in its first segment.
    features.available[2::3, 0, 1] = False
    rows = torch.arange(len(features))

    mixed = mixed_modalities(features, rows, names, generator(0))

    assert torch.equal(mixed.targets, features.targets)
    others = 0
    for column, name in enumerate(names):
        numbers = mixed.recognition[name][..., 0].long()
        sources, places = numbers // 10, numbers % 10
        assert torch.equal(sources, sources[:, :1].expand_as(sources))
        assert torch.equal(places.sort(1).values, torch.arange(3).expand_as(places))
        assert torch.equal(features.targets[sources[:, 0]], features.targets)
        assert torch.equal(mixed.policy[name][..., 0].long(), numbers)
        assert torch.equal(mixed.judged[:, :, column, 0].long(), numbers)
        there = features.available[sources, places, column]
        assert torch.equal(mixed.available[:, :, column], there)
        others += int((sources[:, 0] != rows).sum())
        assert not torch.equal(places, torch.arange(3).expand_as(places))
    first = mixed.recognition[names[0]][:, 0, 0].long() // 10
    assert torch.equal(first, rows)
    assert others > len(rows)


def test_partners_are_all_of_the_label_and_equally_likely():
    targets = torch.tensor([4, 1, 4, 4, 1])

    drawn = partners(targets, torch.tensor([0, 1]).repeat(4000), generator(0)).reshape(-1, 2)

    assert drawn[:, 0].bincount(minlength=5)[[0, 2, 3]].min() > 1200
    assert set(drawn[:, 0].tolist()) == {0, 2, 3}
    assert set(drawn[:, 1].tolist()) == {1, 4}


def test_videos_of_several_labels_are_mixed_with_those_of_the_same():
    targets = torch.tensor([[1.0, 0.0, 1.0], [1.0, 0.0, 0.0], [1.0, 0.0, 1.0]])

    drawn = partners(targets, torch.tensor([0, 1]).repeat(50), generator(0)).reshape(-1, 2)

    assert set(drawn[:, 0].tolist()) == {0, 2}
    assert set(drawn[:, 1].tolist()) == {1}


def test_a_policy_that_learns_from_mixed_videos_learns_other_weights():
    features = None
    weights = []
    for mixes in (False, True):
        torch.manual_seed(0)
        model = AdaMML(tiny_spec())
        features = features or informative_features(model)
        judged = torch.zeros(*features.available.shape, len(LABELS))
        judged[:, :, 1] = torch.eye(len(LABELS))[features.targets][:, None] * 5
        config = CONFIG.model_copy(
            update={"policy_teacher": "gains", "folds": 2, "mixes_modalities": mixes}
        )
        trainer = JointTrainer(model, config, generator=generator(0))
        trainer.train(dataclasses.replace(features, judged=judged), features)
        weights.append(model.policy.fc1.weight.detach().clone())

    assert not torch.equal(*weights)
