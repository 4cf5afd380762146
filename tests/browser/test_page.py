"""The page around a fake recognizer, below a prefix: cancelling, refusals, sizes, shapes, keys."""

from __future__ import annotations

import dataclasses
import threading

import pytest
from selenium.webdriver.common.keys import Keys

from model.common.errors import UndecodableVideoError
from model.inference.classification import Prediction, TimelineEntry
from service.samples.clips import bundled_clip

LONG = "A label that somebody has written out in full, with a comma, and then some more of it"


def test_cancel_ends_the_work(visit, fake_service, recognizer, clip):
    recognizer.block()
    page = visit(fake_service)
    page.upload(clip)
    page.wait(lambda: recognizer.num_running == 1)
    page.click("#cancel")
    page.wait(lambda: recognizer.num_running == 0)

    assert page.text("problem-title") == "Cancelled"
    recognizer.release()
    page.click("#retry")
    page.wait_for_answer()
    assert page.text("verdict") == "Bowling"
    assert page.strangers() == []
    assert page.logged() == []


def test_segments_are_seen_before_the_answer(visit, fake_service, recognizer, clip):
    may_go_on = threading.Event()
    recognizer.between = lambda index: index < 3 or may_go_on.wait(20)
    page = visit(fake_service)
    page.upload(clip)
    page.wait(lambda: len(page.all("#columns li")) == 3)

    assert page.is_seen("working")
    assert not page.is_seen("answer")
    may_go_on.set()
    page.wait_for_answer()
    assert len(page.all("#columns li")) == 10


def test_a_problem_after_some_segments(visit, fake_service, recognizer, clip):
    def fail(index):
        if index == 3:
            raise UndecodableVideoError("the file ends at 3 s")

    recognizer.between = fail
    page = visit(fake_service)
    page.upload(clip)
    page.wait(lambda: page.is_seen("problem"))

    assert "The file ends at 3 s." in page.text("problem-detail")
    assert len(page.all("#columns li")) == 3


def test_a_large_upload_is_offered_as_a_job(visit, fake_service, tmp_path):
    large = tmp_path / "large.mp4"
    large.write_bytes(bundled_clip("three-scenes.mp4").read_bytes() * 2)
    page = visit(fake_service)
    page.upload(large)
    page.wait(lambda: page.is_seen("problem"))
    assert "upload_too_large" in page.text("problem-id")
    page.click("#as-job")
    page.wait(lambda: page.all("#job-rows .state"))


def test_a_job_is_cancelled(visit, fake_service, recognizer, clip):
    recognizer.block()
    page = visit(fake_service)
    page.choose("when", "job")
    page.upload(clip)
    page.wait(lambda: page.all("#job-rows .state.running"))
    page.click("#job-rows [data-act^=delete]")
    page.wait(lambda: page.all("#job-rows .state.cancelled"))


def test_a_service_that_is_gone(visit, fake_service, recognizer, clip):
    page = visit(fake_service)
    page.wait(lambda: "fake" in page.text("served"))
    page.driver.execute_cdp_cmd("Network.enable", {})
    conditions = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", conditions)
    page.upload(clip)
    page.wait(lambda: page.is_seen("problem"))
    assert page.text("problem-title") == "The service cannot be reached"
    conditions |= {"offline": False, "downloadThroughput": -1, "uploadThroughput": -1}
    page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", conditions)
    page.click("#retry")
    page.wait_for_answer()


def test_by_the_keyboard_alone(visit, fake_service, clip):
    page = visit(fake_service)
    page.upload(clip)
    page.wait_for_answer()
    first = page.all("#columns button")[0]
    page.run("arguments[0].focus()", first)
    first.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    focused = page.driver.switch_to.active_element
    assert focused.get_attribute("aria-label").startswith("Segment 3,")
    focused.send_keys(Keys.ENTER)
    page.wait(
        lambda: abs(page.run("return document.getElementById('video').currentTime") - 2) < 0.2
    )
    assert len(page.all("#columns button[tabindex='0']")) == 1


@pytest.mark.parametrize("segments", [64, 600])
def test_many_segments_with_long_labels(visit, fake_service, recognizer, clip, segments):
    show_many(recognizer, segments)
    page = visit(fake_service)
    page.choose("placing", "1")
    page.upload(clip)
    page.wait_for_answer()
    page.wait(lambda: len(page.all("#columns li")) == segments)
    page.run("const strip = document.getElementById('strip'); strip.scrollLeft = strip.scrollWidth")
    page.wait(lambda: page.all("#columns li:last-child canvas"))

    page.photograph(f"{segments}-segments")


def test_an_upright_video_without_sound(visit, fake_service, recognizer):
    page = visit(fake_service)
    page.upload(bundled_clip("portrait.mp4"))
    page.wait_for_answer()
    page.wait(lambda: len(page.all("#columns canvas")) > 3)

    assert page.all("#columns .chip.unavailable.audio")
    page.photograph("portrait")


def show_many(recognizer, segments):
    recognizer.num_segments = segments
    words = (Prediction(LONG, 0, 0.6), Prediction(LONG[::-1], 1, 0.3), Prediction("Diving", 2, 0.1))
    original = recognizer.classify

    def classify(path, options=None, **others):
        answer = original(path, options, **others)
        named = [
            dataclasses.replace(one, predictions=(words[one.index % 3],)) for one in answer.segments
        ]
        ranges = timeline_of(named)
        video = dataclasses.replace(answer.video, duration_seconds=float(segments))
        return dataclasses.replace(
            answer, video=video, segments=tuple(named), predictions=words, timeline=ranges
        )

    recognizer.classify = classify


def timeline_of(segments):
    """Three segments a range."""
    return tuple(
        TimelineEntry(one.start_seconds, one.start_seconds + 3, *label_of(one))
        for one in segments[::3]
    )


def label_of(segment):
    best = segment.predictions[0]
    return best.label, best.index, best.score


def test_empty_views(visit, fake_service):
    page = visit(f"{fake_service}#jobs")
    page.wait(lambda: page.is_seen("jobs-none"))
    page.photograph("empty-jobs")
    assert page.faults_of_access() == []
