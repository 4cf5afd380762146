"""JobStore: the queue, shared by all processes that open the same database."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import sqlalchemy as sql

from service.jobs.database import JOBS, LEASE_COLUMNS, Database
from service.jobs.job import FINISHED, Job, JobState, NewJob, Progress
from service.observability.request_id import new_ulid

# Nobody else takes a job up so long after its process was last heard of.
LEASE_SECONDS = 15.0
# A job whose process died is taken up once more; the file may be what kills it.
MAX_ATTEMPTS = 2
LOST = "worker_lost"

_COLUMNS = [column for column in JOBS.c if column.name not in LEASE_COLUMNS]


class JobStore:
    """Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._owner = new_ulid()

    def add(self, new: NewJob) -> Job:
        """At the end of the queue; the job that has the same key already, where there is one."""
        with self._database.transaction() as connection:
            if new.key is not None and (known := _one(connection, JOBS.c.key == new.key)):
                return known
            fields = {**asdict(new), "state": "queued", "created": self._database.now(connection)}
            connection.execute(sql.insert(JOBS).values(fields))
            return _existing(connection, new.id)

    def get(self, job_id: str) -> Job | None:
        with self._database.transaction() as connection:
            return _one(connection, JOBS.c.id == job_id)

    def place(self, job: Job) -> int | None:
        """How many wait before it, and itself; None where it does not wait."""
        if job.state != "queued":
            return None
        with self._database.transaction() as connection:
            before = sql.and_(JOBS.c.state == "queued", JOBS.c.id <= job.id)
            # By now it may have been taken up.
            return max(1, _count(connection, before))

    def page(self, *, limit: int, before: str | None) -> list[Job]:
        """The newest first; those that are older than the job `before`."""
        query = sql.select(*_COLUMNS).order_by(JOBS.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(JOBS.c.id < before)
        with self._database.transaction() as connection:
            return [_job(row) for row in connection.execute(query)]

    def take(self) -> Job | None:
        """The longest waiting job, or one whose process was lost: now it is this process's."""
        with self._database.transaction() as connection:
            now = self._database.now(connection)
            while (job := _next(connection, now)) is not None:
                if not job.is_cancelled and job.attempts < MAX_ATTEMPTS:
                    return self._taken(connection, job, now)
                _give_up(connection, job, now)
            return None

    def _taken(self, connection: sql.Connection, job: Job, now: float) -> Job:
        lease = {"owner": self._owner, "leased_until": now + LEASE_SECONDS}
        fields = {"started": now, "attempts": job.attempts + 1, **lease, **asdict(Progress())}
        _update(connection, JOBS.c.id == job.id, state="running", **fields)
        return _existing(connection, job.id)

    def beat(self, job_id: str, progress: Progress) -> bool:
        """Still at work; False where the job is to be stopped: cancelled, or another's by now."""
        with self._database.transaction() as connection:
            until = self._database.now(connection) + LEASE_SECONDS
            mine = sql.and_(JOBS.c.id == job_id, JOBS.c.owner == self._owner)
            _update(connection, mine, leased_until=until, **asdict(progress))
            return _count(connection, sql.and_(mine, sql.not_(JOBS.c.is_cancelled))) > 0

    def finish(
        self,
        job_id: str,
        state: JobState,
        progress: Progress,
        *,
        code: str | None = None,
        detail: str | None = None,
    ) -> bool:
        """The end of a job of this process; False where it is another's by now."""
        with self._database.transaction() as connection:
            now = self._database.now(connection)
            mine = sql.and_(
                JOBS.c.id == job_id, JOBS.c.owner == self._owner, JOBS.c.state == "running"
            )
            fields = {**asdict(progress), "code": code, "detail": detail, "owner": None}
            return _update(connection, mine, state=state, finished=now, **fields) > 0

    def give_back(self, job_id: str) -> None:
        """A job of this process waits again, as if it had not been begun."""
        with self._database.transaction() as connection:
            mine = sql.and_(JOBS.c.id == job_id, JOBS.c.owner == self._owner)
            again = {"state": "queued", "started": None, "owner": None}
            _update(connection, mine, **again, attempts=JOBS.c.attempts - 1, **asdict(Progress()))

    def cancel(self, job_id: str) -> Job | None:
        """One that waits ends now, one that runs when its process hears of it."""
        with self._database.transaction() as connection:
            now = self._database.now(connection)
            waits = sql.and_(JOBS.c.id == job_id, JOBS.c.state == "queued")
            _update(connection, waits, state="cancelled", is_cancelled=True, finished=now)
            runs = sql.and_(JOBS.c.id == job_id, JOBS.c.state == "running")
            _update(connection, runs, is_cancelled=True)
            return _one(connection, JOBS.c.id == job_id)

    def remove(self, job_id: str) -> None:
        with self._database.transaction() as connection:
            connection.execute(sql.delete(JOBS).where(JOBS.c.id == job_id))

    def finished_before(self, seconds_ago: float) -> list[str]:
        """Ids of jobs that ended longer ago than that, the oldest first."""
        with self._database.transaction() as connection:
            until = self._database.now(connection) - seconds_ago
            over = sql.and_(JOBS.c.state.in_(FINISHED), JOBS.c.finished <= until)
            query = sql.select(JOBS.c.id).where(over).order_by(JOBS.c.finished)
            return [row.id for row in connection.execute(query)]

    def ids(self) -> set[str]:
        with self._database.transaction() as connection:
            return {row.id for row in connection.execute(sql.select(JOBS.c.id))}

    def waiting(self) -> tuple[int, float]:
        """How many wait, and the seconds that the first of them has waited."""
        with self._database.transaction() as connection:
            queued = JOBS.c.state == "queued"
            oldest = sql.select(sql.func.min(JOBS.c.created)).where(queued)
            first = connection.execute(oldest).scalar()
            age = 0.0 if first is None else self._database.now(connection) - float(first)
            return _count(connection, queued), max(0.0, age)

    def close(self) -> None:
        self._database.close()


def _next(connection: sql.Connection, now: float) -> Job | None:
    lost = sql.and_(JOBS.c.state == "running", JOBS.c.leased_until < now)
    waiting = sql.or_(JOBS.c.state == "queued", lost)
    query = sql.select(*_COLUMNS).where(waiting).order_by(JOBS.c.id).limit(1)
    row = connection.execute(query.with_for_update(skip_locked=True)).first()
    return None if row is None else _job(row)


def _give_up(connection: sql.Connection, job: Job, now: float) -> None:
    detail = f"{job.attempts} processes ended while they worked on it"
    end = ("cancelled", None, None) if job.is_cancelled else ("failed", LOST, detail)
    fields = dict(zip(("state", "code", "detail"), end, strict=True))
    _update(connection, JOBS.c.id == job.id, finished=now, owner=None, **fields)


def _update(connection: sql.Connection, where: sql.ColumnElement[bool], **fields: object) -> int:
    return connection.execute(sql.update(JOBS).where(where).values(fields)).rowcount


def _count(connection: sql.Connection, where: sql.ColumnElement[bool]) -> int:
    query = sql.select(sql.func.count()).select_from(JOBS).where(where)
    return int(connection.execute(query).scalar_one())


def _one(connection: sql.Connection, where: sql.ColumnElement[bool]) -> Job | None:
    row = connection.execute(sql.select(*_COLUMNS).where(where)).first()
    return None if row is None else _job(row)


def _existing(connection: sql.Connection, job_id: str) -> Job:
    row = connection.execute(sql.select(*_COLUMNS).where(JOBS.c.id == job_id)).one()
    return _job(row)


def _job(row: sql.Row[Any]) -> Job:
    return Job(**row._mapping)
