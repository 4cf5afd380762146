import pytest

from training.manifest import read_manifest

GOOD = """path,label,split,group
a.mp4,run,train,g1
b.mp4,sit,train,g2
c.mp4,run,test,g3
"""


def write(tmp_path, text):
    (tmp_path / "manifest.csv").write_text(text)
    return tmp_path / "manifest.csv"


def test_reads_samples_relative_to_the_file(tmp_path):
    manifest = read_manifest(write(tmp_path, GOOD))

    assert manifest.labels == ("run", "sit")
    assert [sample.path.name for sample in manifest.split("train")] == ["a.mp4", "b.mp4"]
    assert manifest.samples[0].path == tmp_path / "a.mp4"
    assert manifest.index(manifest.samples[1]) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,split\na,train\n", r"lacks the columns \['label'\]"),
        (GOOD + "d.mp4,run,dev,g4\n", r"manifest.csv:5: split is 'dev'; allowed"),
        (GOOD + "d.mp4,,train,g4\n", r"manifest.csv:5: .* must not be empty"),
        (GOOD + "d.mp4,run,val,g1\n", "group 'g1' is in train and in val"),
        (GOOD + "d.mp4,fly,test,g5\n", "absent: {'fly'}"),
    ],
)
def test_refuses_with_the_line(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read_manifest(write(tmp_path, text))
