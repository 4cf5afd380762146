import pytest
import torch

from model.networks import Recognizer, Trunk
from model.spec.input_spec import InputSpec
from model.spec.model_spec import NUM_STAGES, NetworkSpec

INPUTS = InputSpec(crop=64)


def small(backbone, **changes):
    settings = {"frames": 4, "resolution": 64, "width": 0.25, "temporal_pool_after": (1, 3)}
    return NetworkSpec(backbone=backbone, **settings | changes)


def clips(count=2, frames=4):
    return torch.randint(0, 256, (count, frames, 64, 64, 3), dtype=torch.uint8)


@pytest.mark.parametrize("backbone", NUM_STAGES)
@torch.inference_mode()
def test_a_network_can_be_run_in_two_parts_at_any_stage(backbone):
    trunk = Trunk(small(backbone), "rgb", INPUTS).eval()
    inputs = clips()
    whole = trunk(inputs)

    for stage in range(trunk.num_stages + 1):
        parts = trunk.forward_from(trunk.forward_to(inputs, stage), stage)
        assert torch.equal(parts, whole)


@pytest.mark.parametrize(("frames", "left"), [(8, 1), (4, 1), (5, 2), (1, 1)])
@torch.inference_mode()
def test_frames_are_pooled_between_stages(frames, left):
    spec = small("resnet18", frames=frames, temporal_pool_after=(1, 2, 3)[: frames // 3 + 1])
    trunk = Trunk(spec, "rgb", INPUTS).eval()

    assert len(trunk.forward_to(clips(3, frames), 4)) == 3 * left
    assert trunk(clips(3, frames)).shape == (3, trunk.feature_dim)


@torch.inference_mode()
def test_remaining_frames_are_averaged():
    spec = small("resnet18", frames=4, temporal_pool_after=())
    trunk = Trunk(spec, "rgb", INPUTS).eval()
    single = Trunk(small("resnet18", frames=1, temporal_pool_after=()), "rgb", INPUTS).eval()
    single.load_state_dict(trunk.state_dict())
    inputs = clips(2)

    one_by_one = torch.stack([single(inputs[:, frame : frame + 1]) for frame in range(4)])

    torch.testing.assert_close(trunk(inputs), one_by_one.mean(dim=0))


@torch.inference_mode()
def test_normalised_images_of_any_size_are_resized():
    trunk = Trunk(small("mobilenet_v2", resolution=48), "rgb", INPUTS).eval()
    inputs = clips()

    assert torch.equal(trunk.forward_normalized(trunk.preprocess.normalize(inputs)), trunk(inputs))


@torch.inference_mode()
def test_a_recognizers_answer_for_a_row_does_not_depend_on_its_batch():
    recognizer = Recognizer(small("efficientnet_lite0"), "rgb", INPUTS, 5).eval()
    inputs = clips(3)

    alone = torch.cat([recognizer(row) for row in inputs.split(1)])

    assert recognizer(inputs).shape == (3, 5)
    torch.testing.assert_close(alone, recognizer(inputs), rtol=1e-5, atol=1e-6)


def test_dropout_only_acts_in_training():
    recognizer = Recognizer(small("resnet18"), "rgb", INPUTS, 5)
    features = torch.ones(1, recognizer.trunk.feature_dim)

    trained = recognizer.train().dropout(features)
    evaluated = recognizer.eval().dropout(features)

    assert set(trained.flatten().tolist()) == {0.0, 2.0}
    assert torch.equal(evaluated, features)


@pytest.mark.parametrize("pools", [(), (1, 3), (2,)])
@pytest.mark.parametrize("frames", [1, 3, 4])
@torch.inference_mode()
def test_frame_by_frame_gives_the_same(frames, pools):
    torch.manual_seed(0)
    trunk = Trunk(small("mobilenet_v2", frames=frames, temporal_pool_after=pools), "rgb", INPUTS)
    inputs = clips(1, frames)

    one_by_one = trunk.eval().forward_frame_by_frame(inputs)

    torch.testing.assert_close(one_by_one, trunk(inputs))
