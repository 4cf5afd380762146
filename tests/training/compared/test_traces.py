"""What must hold of any system's trace before its row is believed."""

from dataclasses import replace

import pytest
import torch

from training.compared.shared import Clips
from training.compared.systems import SYSTEMS
from training.compared.trace import gflops

# Its threshold is the run's, which was never trained here.
DIALS = {"adamml": ["threshold 0.5", "threshold 0.499"]}
# They decide on a segment only by itself and those before it.
CAUSAL = ("liteeval", "hcms", "adamml")
# They compare all segments before they look at one.
COMPARING = ("scsampler", "scsampler_ranking", "listen_to_look", "adaframe")
GARBAGE = 50.0


def dials(name, system):
    return DIALS.get(name, system.dials)


@pytest.fixture
def clips(shared):
    return shared.splits["test"]


def without(clips: Clips, trace) -> Clips:
    """The same clips, but what the trace neither previewed nor computed is garbage."""
    unseen, unread = (clips.available & ~seen for seen in (trace.previewed, trace.computed))
    previews = {
        name: value + GARBAGE * unseen[..., column, None]
        for column, (name, value) in enumerate(clips.previews.items())
    }
    fine = {
        name: value + GARBAGE * unread[..., column, None]
        for column, (name, value) in enumerate(clips.fine.items())
    }
    logits = clips.logits + GARBAGE * unread[..., None] * torch.randn(clips.logits.shape[-1])
    policy = {
        name: value + GARBAGE * unseen[..., column, None]
        for column, (name, value) in enumerate(clips.features.policy.items())
    }
    features = replace(clips.features, policy=policy)
    return replace(clips, features=features, previews=previews, fine=fine, logits=logits)


@pytest.mark.parametrize("name", [name for name in SYSTEMS if name != "oracle"])
def test_a_trace_depends_on_nothing_that_it_did_not_pay_for(name, systems, clips):
    for dial in dials(name, systems[name]):
        trace = systems[name].run(clips, dial)
        again = systems[name].run(without(clips, trace), dial)

        assert torch.equal(again.computed, trace.computed), dial
        torch.testing.assert_close(again.logits, trace.logits, atol=1e-4, rtol=1e-4)


def test_the_oracle_does_look_at_everything(systems, clips):
    trace = systems["oracle"].run(clips, "one")
    again = systems["oracle"].run(without(clips, trace), "one")

    assert not torch.equal(again.computed, trace.computed)


@pytest.mark.parametrize("name", SYSTEMS)
def test_nothing_is_computed_that_is_not_there(name, systems, clips):
    for dial in dials(name, systems[name]):
        trace = systems[name].run(clips, dial)

        assert not (trace.computed & ~clips.available).any()
        assert trace.logits.shape == (len(clips), 4)
        assert trace.logits.isfinite().all()
        assert set(trace.steps) <= set(systems[name].head_macs)


@pytest.mark.parametrize("name", CAUSAL + COMPARING)
def test_later_segments_do_not_change_a_causal_systems_earlier_decisions(name, systems, clips):
    cut, order = 2, torch.tensor([0, 1, 3, 2])

    def reordered(value):
        # Other clips' ends, so that the later segments are really others.
        return torch.cat([value[:, :cut], value.roll(1, dims=0)[:, order][:, cut:]], dim=1)

    features = replace(
        clips.features,
        policy={name: reordered(value) for name, value in clips.features.policy.items()},
    )
    others = replace(
        clips,
        features=features,
        fine={name: reordered(value) for name, value in clips.fine.items()},
        previews={name: reordered(value) for name, value in clips.previews.items()},
        logits=reordered(clips.logits),
    )
    same = []
    for dial in dials(name, systems[name]):
        before = systems[name].run(clips, dial).computed[:, :cut]
        after = systems[name].run(others, dial).computed[:, :cut]
        same.append(torch.equal(before, after))

    assert SYSTEMS[name].is_causal == (name in CAUSAL)
    assert all(same) if name in CAUSAL else not all(same)


def test_a_sampler_of_all_segments_is_plain_averaging(systems, clips, shared):
    for name in ("scsampler", "scsampler_ranking"):
        everything = systems[name].run(clips, f"K {clips.segments}")

        for control, dial in (("uniform", f"{clips.segments} segments"), ("dense", "all")):
            assert torch.equal(everything.logits, systems[control].run(clips, dial).logits)
    whole = shared.fused(clips, clips.available)
    assert torch.equal(systems["dense"].run(clips, "all").logits, whole)


def test_a_gate_forced_open_costs_dense_and_the_previews(systems, clips, shared):
    system = systems["liteeval"]
    forced = system.run(clips, "share 0.1, gate 0.0")
    dense = systems["dense"].run(clips, "all")

    assert torch.equal(forced.computed, clips.available)
    cost = gflops(forced, shared.costs, shared.names, system)
    bare = gflops(dense, shared.costs, shared.names, systems["dense"])
    branches = torch.tensor([shared.costs.policy_branches[n].total for n in shared.names])
    previews = (clips.available * branches).sum((1, 2)) / 1e9
    heads = system.head_macs
    per_segment = heads["every segment"] + heads["used segment"]
    own = (clips.segments * per_segment + heads["answer"]) / 1e9
    torch.testing.assert_close(cost, bare + previews.double() + own)


def test_gates_of_levels_forced_open_compute_all_and_shut_only_the_first(systems, clips):
    cheapest = systems["hcms"].columns[0]
    opened = systems["hcms"].run(clips, "share 0.1, gate 0.0").computed
    shut = systems["hcms"].run(clips, "share 0.1, gate 1.1").computed

    assert torch.equal(opened, clips.available)
    assert torch.equal(shut[..., cheapest], clips.available[..., cheapest])
    assert shut.sum() == shut[..., cheapest].sum()


@pytest.mark.parametrize("looks", [1, 2, 4])
def test_glimpses_compute_at_most_as_many_segments_as_looks(systems, clips, looks):
    trace = systems["frame_glimpse"].run(clips, f"{looks} looks")

    visited = trace.computed.any(dim=-1).sum(dim=1)
    assert (visited <= looks).all()
    assert (visited >= 1).all()
    assert (trace.steps["look"] == looks).all()


def test_what_is_visited_again_costs_only_a_step(systems, clips, shared):
    """All looks at the first segment: one segment computed, whatever their number."""
    system = systems["frame_glimpse"]
    policy = system.agent.policy
    kept = {name: value.clone() for name, value in policy.state_dict().items()}
    policy.weight.data.zero_()
    policy.bias.data.fill_(-20.0)
    once, thrice = (system.run(clips, f"{looks} looks") for looks in (1, 3))
    policy.load_state_dict(kept)

    assert torch.equal(once.computed, thrice.computed)
    costs = [gflops(one, shared.costs, shared.names, system) for one in (once, thrice)]
    more = torch.full_like(costs[0], 2 * system.head_macs["look"] / 1e9)
    torch.testing.assert_close(costs[1] - costs[0], more)


def test_skimmed_moments_are_distinct(systems, clips):
    for looks in range(1, clips.segments + 1):
        trace = systems["listen_to_look"].run(clips, f"{looks} looks")

        assert (trace.computed.any(dim=-1).sum(dim=1) == looks).all()
