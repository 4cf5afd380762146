"""The ONNX and the torch runtime give the same answers, at any batch size and from any thread."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from model.files.export import export_bundle, store_as_half
from model.runtime.openvino import OpenvinoRuntime
from model.runtime.torch import TorchRuntime
from model.spec.dummy_inputs import dummy_inputs
from model.spec.model_spec import FusionSpec, PolicySpec
from tests.support.models import tiny_model, tiny_spec
from tests.support.yamnet import hearing_spec

VARIANTS = {
    "as published": tiny_spec(),
    "no recurrence, joint decision": tiny_spec(
        policy=PolicySpec(
            joint_width=16, lstm_width=None, feeds_back_logits=False, joint_decision=True
        ),
        flow_proxy="flow",
    ),
    "flags, no feedback, exit head, evidence": tiny_spec(
        policy=PolicySpec(
            joint_width=16,
            lstm_width=8,
            feeds_back_logits=False,
            sees_availability=True,
            exits=True,
            standardizes=True,
            dropout=0.5,
        ),
        fusion=FusionSpec(renormalizes=True, pools_evidence=True),
    ),
    "whole": tiny_spec(policy=PolicySpec(joint_width=16, lstm_width=8, sees_whole=True)),
    "sound by patches": hearing_spec(width=0.25),
}


@pytest.fixture(scope="module", params=VARIANTS.values(), ids=VARIANTS.keys())
def runtimes(request, tmp_path_factory):
    model = tiny_model(request.param)
    path = tmp_path_factory.mktemp("bundle") / "tiny.adamml"
    export_bundle(model, path)
    return OpenvinoRuntime.load(path), TorchRuntime(model, "v", device=torch.device("cpu"))


def random_inputs(spec, name, role, rows):
    blank = dummy_inputs(spec, name, role=role, rows=rows)
    generator = np.random.default_rng(rows)
    if blank.dtype == np.uint8:
        return generator.integers(0, 256, blank.shape, dtype=np.uint8)
    return generator.normal(-7, 4, blank.shape).astype(np.float32)


@pytest.mark.parametrize("rows", [1, 3, 11])
def test_networks_agree(runtimes, rows):
    onnx, torch_ = runtimes
    for name in onnx.spec.modality_names:
        proxies = random_inputs(onnx.spec, name, "policy", rows)
        assert onnx.policy_features(name, proxies) == pytest.approx(
            torch_.policy_features(name, proxies), abs=1e-4
        )
        inputs = random_inputs(onnx.spec, name, "recognizer", rows)
        assert onnx.recognize(name, inputs) == pytest.approx(
            torch_.recognize(name, inputs), abs=1e-4
        )


@pytest.mark.parametrize("segments", [1, 5])
def test_policy_and_fusion_agree(runtimes, segments):
    onnx, torch_ = runtimes
    spec = onnx.spec
    features = [
        torch_.policy_features(name, random_inputs(spec, name, "policy", segments))
        for name in spec.modality_names
    ]
    available = np.random.default_rng(0).random((segments, len(spec.modalities))) > 0.4
    ours, theirs = (runtime.policy_output(features, available) for runtime in runtimes)
    assert ours.logits.shape == (segments, len(spec.modalities), 2)
    assert ours.logits == pytest.approx(theirs.logits, abs=1e-4)
    assert (ours.exit_logits is None) == (theirs.exit_logits is None) == (not spec.policy.exits)
    if spec.policy.exits:
        assert ours.exit_logits.shape == (segments, len(spec.labels))
        assert ours.exit_logits == pytest.approx(theirs.exit_logits, abs=1e-4)

    fused = (segments, spec.num_fused)
    class_logits = np.random.default_rng(1).normal(size=(*fused, len(spec.labels)))
    kept = np.random.default_rng(2).random(fused) > 0.4
    for decisions in (kept, ~kept, np.zeros_like(kept)):
        ours = onnx.fuse(class_logits.astype(np.float32), decisions)
        theirs = torch_.fuse(class_logits.astype(np.float32), decisions)
        assert ours.video == pytest.approx(theirs.video, abs=1e-4)
        assert ours.segments == pytest.approx(theirs.segments, abs=1e-4)


def test_threads_do_not_disturb_each_other(runtimes):
    onnx, _ = runtimes
    batches = [random_inputs(onnx.spec, "rgb", "recognizer", rows) for rows in (1, 2, 3, 4)] * 4
    alone = [onnx.recognize("rgb", batch) for batch in batches]

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda batch: onnx.recognize("rgb", batch), batches))

    for expected, received in zip(alone, together, strict=True):
        assert np.array_equal(expected, received)


def test_only_exactly_representable_weights_are_stored_in_half():
    import onnx
    from onnx import numpy_helper

    exact = np.arange(300, dtype=np.float32) / 8
    inexact = exact + np.float32(1e-4)
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Add", ["exact", "inexact"], ["sum"])],
        "g",
        [],
        [onnx.helper.make_tensor_value_info("sum", onnx.TensorProto.FLOAT, [300])],
        [numpy_helper.from_array(exact, "exact"), numpy_helper.from_array(inexact, "inexact")],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)])
    model.ir_version = 10

    assert store_as_half(model) == 1
    import onnxruntime

    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    assert np.array_equal(session.run(None, {})[0], exact + inexact)
