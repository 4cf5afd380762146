"""bfloat16, for those who ask for it: near float32, and never in its place unasked."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from model.files.export import export_bundle
from model.runtime.base import UnsupportedPrecisionError
from model.runtime.openvino import OpenvinoRuntime, openvino
from model.runtime.torch import TorchRuntime
from tests.model.runtime.test_agreement import random_inputs
from tests.support.models import tiny_model, tiny_spec

HAS_BFLOAT16 = "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def model():
    return tiny_model(tiny_spec())


@pytest.fixture(scope="module")
def bundle(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("bundle") / "tiny.adamml"
    export_bundle(model, path)
    return path


def assert_near_but_not_equal(exact, fast):
    for name in exact.spec.modality_names:
        inputs = random_inputs(exact.spec, name, "recognizer", 3)
        expected, actual = exact.recognize(name, inputs), fast.recognize(name, inputs)
        assert actual.dtype == np.float32
        # Eight bits of mantissa, through some fifty layers.
        assert actual == pytest.approx(expected, abs=float(0.1 * np.abs(expected).max()))
        assert not np.array_equal(actual, expected)


@pytest.mark.skipif(not HAS_BFLOAT16, reason="this processor has no bfloat16 units")
def test_a_bundle_in_bfloat16(bundle):
    exact = OpenvinoRuntime.load(bundle)
    fast = OpenvinoRuntime.load(bundle, precision="bf16")

    assert_near_but_not_equal(exact, fast)

    features = [np.ones((3, w), dtype=np.float32) for w in _feature_widths(exact)]
    available = np.ones((3, len(exact.spec.modalities)), dtype=np.bool_)
    decided = [runtime.policy_output(features, available).logits for runtime in (exact, fast)]
    np.testing.assert_array_equal(*decided)


def _feature_widths(runtime):
    return [
        runtime.policy_features(name, random_inputs(runtime.spec, name, "policy", 1)).shape[1]
        for name in runtime.spec.modality_names
    ]


def test_a_checkpoint_in_bfloat16(model):
    exact = TorchRuntime(model, "v", device=CPU)
    fast = TorchRuntime(model, "v", device=CPU, precision="bf16")

    assert_near_but_not_equal(exact, fast)


def test_a_processor_without_it_is_told_of(bundle, monkeypatch):
    class OldProcessor(openvino.Core):
        def get_property(self, *_):
            return ["FP32", "INT8"]

    monkeypatch.setattr(openvino, "Core", OldProcessor)

    with pytest.raises(UnsupportedPrecisionError, match=r"no bfloat16 units .*; precision may be"):
        OpenvinoRuntime.load(bundle, precision="bf16")
    assert OpenvinoRuntime.load(bundle).spec


def test_a_gpu_is_told_to_compute_in_float32():
    """By default it convolves in TF32, also where float32 was asked for."""
    program = (
        "import torch; assert torch.backends.cudnn.allow_tf32\n"
        "from model.runtime.torch import compute_exactly; compute_exactly()\n"
        "assert not torch.backends.cudnn.allow_tf32\n"
        "assert not torch.backends.cuda.matmul.allow_tf32\n"
        "assert torch.backends.cudnn.conv.fp32_precision != 'tf32'"
    )

    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)
