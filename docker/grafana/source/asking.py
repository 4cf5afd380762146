"""Ask Prometheus what a dashboard asks, in the words that Grafana would use."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2 as httpx

Series = list[tuple[dict[str, str], list[tuple[float, float]]]]


class Prometheus:
    """Its HTTP API; every method raises httpx's errors."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=30)

    def query(
        self, expression: str, *, at: float | None = None
    ) -> list[tuple[dict[str, str], float]]:
        """[(labels, value)] at one time; None: now."""
        found = self.get("query", query=expression, time=time.time() if at is None else at)[
            "result"
        ]
        return [(series["metric"], float(series["value"][1])) for series in found]

    def query_range(self, expression: str, *, start: float, end: float, step: float) -> Series:
        """[(labels, [(time, value)])], times in seconds."""
        found = self.get("query_range", query=expression, start=start, end=end, step=step)
        return [
            (series["metric"], [(moment, float(value)) for moment, value in series["values"]])
            for series in found["result"]
        ]

    def label_values(self, query: str) -> list[str]:
        """What Grafana makes of a variable's `label_values(series, label)`."""
        match = re.fullmatch(r"label_values\((.*), (\w+)\)", query)
        if match is None:
            raise ValueError(f"{query!r} is not label_values(series, label)")
        values: list[str] = self.get(f"label/{match[2]}/values", **{"match[]": match[1]})
        return values

    def get(self, what: str, **parameters: str | float) -> Any:  # noqa: ANN401 - it is JSON
        response = self._client.get(f"/api/v1/{what}", params=parameters)
        response.raise_for_status()
        return response.json()["data"]

    def close(self) -> None:
        self._client.close()


@dataclass(frozen=True, slots=True)
class Window:
    """The dashboard's time range, in seconds, and how its lines are resolved."""

    start: float
    end: float
    step: float
    scrape_interval: float

    def variables(self) -> dict[str, str]:
        """A rate needs four scrapes, and no gap between one step's window and the next."""
        rate = max(self.step + self.scrape_interval, 4 * self.scrape_interval)
        return {
            "__interval": f"{self.step:.0f}s",
            "__rate_interval": f"{rate:.0f}s",
            "__range": f"{self.end - self.start:.0f}s",
        }


def all_chosen(
    prometheus: Prometheus, dashboard: Mapping[str, Any], given: Mapping[str, str]
) -> dict[str, str]:
    """The dashboard's own variables with everything chosen, beside those that are `given`."""
    variables = dict(given)
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            values = prometheus.label_values(interpolate(variable["query"], variables))
            variables[variable["name"]] = any_of(values)
    return variables


def interpolate(expression: str, variables: Mapping[str, str]) -> str:
    """Each `$name` replaced by its value.

    >>> interpolate("rate(a[$__rate_interval])", {"__rate_interval": "40s"})
    'rate(a[40s])'
    """
    return re.sub(r"\$(\w+)", lambda match: variables[match[1]], expression)


def any_of(values: Iterable[str]) -> str:
    r"""Several values in one pattern, for use inside quotes.

    >>> any_of(["10.0.0.1:80", "b"])
    '(10\\\\.0\\\\.0\\\\.1:80|b)'
    """
    escaped = (re.escape(value).replace("\\", "\\\\") for value in values)
    return f"({'|'.join(escaped)})"
