"""The whole visit, in Chromium, on the bundled model: what a new user does, in that order."""

from __future__ import annotations

import json
import time


def cursor(visit):
    return visit.run("return document.getElementById('cursor').getBoundingClientRect().left")


def test_the_whole_visit(visit, real_service, clip, downloads, tmp_path):
    page = visit(f"{real_service.url}/")
    page.photograph("1-start")
    faults = page.faults_of_access()

    # A sample.
    page.click(".sample")
    page.wait_for_answer()
    page.wait(lambda: len(page.all("#columns canvas")) == 3)
    assert page.text("verdict")
    assert page.text("gauge").count("GFLOPs") == 1

    # An upload, a segment a second, that is heard while it is decided.
    page.choose("placing", "1")
    page.upload(clip)
    page.wait(lambda: len(page.all("#columns li")) > 0)
    page.wait_for_answer()
    segments = len(page.all("#columns li"))
    assert segments >= 11
    assert "three-scenes.mp4" in page.text("facts")

    # A click in the timeline seeks; playing moves the cursor.
    before = cursor(page)
    page.click("#columns button", place=6)
    page.wait(lambda: cursor(page) > before + 200)
    assert abs(page.run("return document.getElementById('video').currentTime") - 6) < 1
    at = cursor(page)
    page.run("document.getElementById('video').play()")
    page.wait(lambda: cursor(page) > at + 5)
    page.run("document.getElementById('video').pause()")

    # The budget's dial along the curve, and everything beside.
    page.choose("budget", "0")
    page.wait(lambda: len(page.all("#runs tr")) == 2)
    page.click("#run-everything")
    page.wait(lambda: len(page.all("#runs tr")) == 3)
    assert page.is_seen("comparison")
    assert len(page.all("#chart .mark")) >= 2
    assert page.all("#columns .chip.selected.flow")
    page.click("#runs button")
    page.wait_for_answer()
    page.wait(lambda: len(page.all("#columns canvas")) > 5)
    page.photograph("2-answer")
    faults += page.faults_of_access(("light", "dark"))

    # The answer as files.
    for name in ("json", "csv", "srt"):
        page.click(f"#save-{name}")
    page.wait(lambda: len(list(downloads.glob("three-scenes.*"))) == 3)
    saved = json.loads((downloads / "three-scenes.json").read_text())
    assert saved["predictions"][0]["label"] == page.text("verdict")
    assert "type" not in saved
    lines = (downloads / "three-scenes.csv").read_text().splitlines()
    assert lines[0] == "video,start_seconds,end_seconds,label,index,score"
    assert "-->" in (downloads / "three-scenes.srt").read_text()

    # An error, in words.
    bad = tmp_path / "not-a-video.mp4"
    bad.write_bytes(b"no video at all" * 100)
    page.upload(bad)
    page.wait(lambda: page.is_seen("problem"))
    assert "undecodable_video" in page.text("problem-id")
    assert not page.is_seen("retry")
    page.photograph("3-problem")
    faults += page.faults_of_access(("light", "dark"))

    # A job: its progress, its result.
    page.click("#problem-close")
    page.choose("when", "job")
    page.upload(clip)
    page.wait(lambda: page.all("#job-rows .state.succeeded"))
    page.photograph("4-jobs")
    faults += page.faults_of_access()
    page.click("#job-rows button")
    page.wait_for_answer()
    assert len(page.all("#columns li")) == segments
    page.click("#to-jobs")
    page.click("#job-rows button", place=1)
    page.wait(lambda: page.is_seen("jobs-none"))

    # The model.
    page.click("#to-model")
    page.wait(lambda: page.text("model-name") == "av13")
    page.photograph("5-model")
    faults += page.faults_of_access()

    assert faults == []
    assert page.logged(but=["status of 422"]) == []
    assert page.strangers() == []


def test_a_recording_by_the_camera(visit, real_service):
    page = visit(f"{real_service.url}/")
    page.click("#record")
    page.wait(lambda: page.is_seen("camera"))
    time.sleep(2.0)
    page.click("#camera-stop")
    page.wait_for_answer()

    assert "recording." in page.text("facts")
    assert page.logged() == []
