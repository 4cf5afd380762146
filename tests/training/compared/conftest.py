"""Features in which one segment of a clip tells its class, and networks that read them."""

import pytest
import torch

from model.networks.adamml import AdaMML
from model.spec.model_spec import FusionSpec, PolicySpec
from tests.support.models import tiny_model, tiny_spec
from training.compared import learning
from training.compared.shared import share
from training.compared.systems import SYSTEMS
from training.features.features import Features

SEGMENTS = 4
VIDEOS = {"train": 120, "val": 60, "test": 60}


def planted(model: AdaMML, videos: int, *, seed: int) -> tuple[Features, torch.Tensor]:
    """Features, and the (V,) index of the segment that tells; sound is missing in some clips."""
    generator = torch.Generator().manual_seed(seed)

    def noise(*shape: int) -> torch.Tensor:
        return 0.3 * torch.randn(*shape, generator=generator)

    names, classes = model.spec.modality_names, len(model.spec.labels)
    targets = torch.randint(0, classes, (videos,), generator=generator)
    told = torch.randint(0, SEGMENTS, (videos,), generator=generator)
    rows = torch.arange(videos)
    recognition, policy = {}, {}
    for name in names:
        for role, network in (
            (recognition, model.recognizer(name).trunk),
            (policy, model.policy.branch(name)),
        ):
            value = noise(videos, SEGMENTS, network.feature_dim)
            value[rows, told] += 2 * prototypes(classes, network.feature_dim)[targets]
            role[name] = value
    available = torch.ones(videos, SEGMENTS, len(names), dtype=torch.bool)
    available[: videos // 6, :, names.index("audio")] = False
    silence = {name: torch.zeros(policy[name].shape[-1]) for name in names}
    return Features(recognition, policy, silence, available, targets), told


def prototypes(classes: int, width: int) -> torch.Tensor:
    return torch.randn(classes, width, generator=torch.Generator().manual_seed(9))


@pytest.fixture(scope="package")
def shared():
    """Recognisers that read the planted features as they are."""
    policy = PolicySpec(joint_width=16, lstm_width=8, exits=True)
    fusion = FusionSpec(renormalizes=True, pools_evidence=True)
    model = tiny_model(tiny_spec(policy=policy, fusion=fusion)).requires_grad_(False)
    for name in model.spec.modality_names:
        classifier = model.recognizer(name).classifier
        classes, width = classifier.weight.shape
        classifier.weight.copy_(prototypes(classes, width) / width)
        classifier.bias.zero_()
    return share(model, {n: planted(model, v, seed=v)[0] for n, v in VIDEOS.items()})


@pytest.fixture(scope="package")
def systems(shared):
    """Every system, trained briefly, once for all tests of a worker."""
    with pytest.MonkeyPatch.context() as patch:
        short = learning.Learning(epochs=12, learning_rate=1e-2, width=32, small_width=16)
        for module in _users():
            patch.setattr(module, "DEFAULTS", short)
        patch.setattr(learning.learn, "__kwdefaults__", {"settings": short})
        threads = torch.get_num_threads()
        # Small layers: threads of a busy machine would wait for each other.
        torch.set_num_threads(1)
        fitted = {name: kind.fit(shared, 0) for name, kind in SYSTEMS.items()}
        torch.set_num_threads(threads)
        return fitted


def _users():
    from training.compared import coarse_to_fine, levels, sampler, skimmer
    from training.compared.glimpsing import ada_frame, glimpser

    return coarse_to_fine, levels, sampler, skimmer, ada_frame, glimpser
