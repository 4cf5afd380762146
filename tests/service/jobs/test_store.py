"""The queue, in both databases: order, leases, keys, and what one process may take from another."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sql

from service.jobs.database import JOBS, Database
from service.jobs.job import NewJob, Progress
from service.jobs.store import LOST, MAX_ATTEMPTS, JobStore
from tests.support.postgres import programs, running_postgres


@pytest.fixture(scope="module")
def postgres():
    if programs() is None:
        pytest.skip("PostgreSQL is not installed")
    with running_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'jobs.sqlite3'}"
    else:
        url = request.getfixturevalue("postgres")
    database = Database(url)
    with database.transaction() as connection:
        connection.execute(sql.delete(JOBS))
    yield database
    database.close()


@pytest.fixture
def store(database):
    return JobStore(database)


def new(number, key=None, digest="d"):
    return NewJob(f"{number:026d}", "{}", digest, key, "request", 10)


def expire_leases(database):
    with database.transaction() as connection:
        connection.execute(sql.update(JOBS).values(leased_until=0.0))


def test_jobs_are_taken_in_their_order_and_once(store):
    jobs = [store.add(new(number)) for number in range(3)]

    assert [store.place(job) for job in jobs] == [1, 2, 3]
    assert store.waiting()[0] == 3
    taken = [store.take() for _ in range(4)]
    assert [job and job.id for job in taken] == [*(job.id for job in jobs), None]
    assert taken[0].state == "running"
    assert store.place(taken[0]) is None


def test_many_threads_and_processes_never_take_the_same(database):
    JobStore(database)
    first = JobStore(database)
    for number in range(40):
        first.add(new(number))
    stores = [JobStore(database) for _ in range(4)]
    barrier = threading.Barrier(4)

    def take_all(store):
        barrier.wait()
        taken = []
        while (job := store.take()) is not None or store.waiting()[0]:
            if job is not None:
                taken.append(job.id)
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = [job_id for part in pool.map(take_all, stores) for job_id in part]

    assert len(taken) == len(set(taken)) == 40


def test_equal_keys_are_one_job(store):
    first = store.add(new(1, key="k"))
    again = store.add(new(2, key="k"))
    other = store.add(new(3, key="other"))

    assert again.id == first.id
    assert other.id != first.id
    assert store.add(new(4)).id != store.add(new(5)).id


def test_progress_and_end(store):
    store.add(new(1))
    job = store.take()

    assert store.beat(job.id, Progress(3, 10, 3.5, 10.0, 1.25))
    known = store.get(job.id)
    assert (known.segments_done, known.segments, known.gflops) == (3, 10, 1.25)
    assert store.finish(job.id, "failed", Progress(4), code="c", detail="d")
    known = store.get(job.id)
    assert (known.state, known.code, known.detail, known.segments_done) == ("failed", "c", "d", 4)
    assert known.is_finished
    assert not store.finish(job.id, "succeeded", Progress())


def test_what_runs_is_nobody_elses_while_its_process_is_heard_of(database, store):
    store.add(new(1))
    job = store.take()
    other = JobStore(database)

    assert other.take() is None
    assert not other.beat(job.id, Progress())
    assert not other.finish(job.id, "succeeded", Progress())


def test_a_lost_job_is_taken_up_once_more_and_then_fails(database, store):
    store.add(new(1))
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert JobStore(database).take().attempts == attempt
        expire_leases(database)

    assert store.take() is None
    job = store.get(new(1).id)
    assert (job.state, job.code) == ("failed", LOST)


def test_a_process_that_comes_back_finds_its_job_taken(database, store):
    store.add(new(1))
    job = store.take()
    expire_leases(database)
    JobStore(database).take()

    assert not store.beat(job.id, Progress())
    assert not store.finish(job.id, "succeeded", Progress())


def test_cancelling(database, store):
    waiting, running = store.add(new(1)), store.add(new(2))
    assert store.cancel(waiting.id).state == "cancelled"
    assert store.take().id == running.id
    assert store.cancel(running.id).state == "running"
    assert not store.beat(running.id, Progress())
    expire_leases(database)
    assert store.take() is None
    assert store.get(running.id).state == "cancelled"
    assert store.cancel("none") is None


def test_a_job_given_back_waits_as_if_nothing_had_been(store):
    store.add(new(1))
    job = store.take()
    store.give_back(job.id)

    again = store.get(job.id)
    assert (again.state, again.attempts, again.started) == ("queued", 0, None)
    assert store.take().id == job.id


def test_pages_and_what_is_old(store):
    jobs = [store.add(new(number)).id for number in range(5)]

    first = store.page(limit=2, before=None)
    second = store.page(limit=2, before=first[-1].id)
    assert [job.id for job in (*first, *second)] == jobs[:0:-1]
    store.take()
    store.finish(jobs[0], "succeeded", Progress())
    assert store.finished_before(0.0) == [jobs[0]]
    assert store.finished_before(60.0) == []
    store.remove(jobs[0])
    assert store.get(jobs[0]) is None
    assert store.ids() == set(jobs[1:])
