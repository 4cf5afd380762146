"""The table of decisions where the truth is known, of an untrained model."""

from model.inference.loading import load_classifier
from training.experiment.markdown import truths_table
from training.experiment.truths import measure
from training.synth.evaluation import evaluate_selections
from training.synth.generate import generate
from training.synth.settings import SynthSettings


def test_every_model_and_modality_has_a_row(tmp_path, tiny_bundle):
    folder = tmp_path / "data"
    generate(folder, SynthSettings(classes=2, clips_per_class=6, never=("flow",)), workers=2)
    report = evaluate_selections(load_classifier(tiny_bundle), folder, "test")

    measured = measure(folder, [tiny_bundle])
    _, _, *rows = truths_table(measured).splitlines()

    assert "Never informative: flow." in measured["about"]
    assert len(rows) == 3
    name = tiny_bundle.parent.name
    assert rows[0].startswith(f"| {name} | {100 * report.accuracy:.1f} % | rgb |")
    audio = report.agreement["audio"]
    shares = (audio.recall, audio.specificity, audio.balanced_accuracy)
    cells = " | ".join(f"{100 * one:.1f} %" for one in shares)
    assert rows[1].endswith(f"| audio | {cells} |")
    assert "| flow |  | " in rows[2]
