"""Pieces of PromQL that many panels share; `$` marks what Grafana fills in."""

from __future__ import annotations

# The variable `instance` holds the replicas that run the chosen model versions.
REPLICAS = 'job="adamml", instance=~"$instance"'


def series(metric: str, matchers: str = "") -> str:
    """The metric of the chosen replicas."""
    both = f"{REPLICAS}, {matchers}" if matchers else REPLICAS
    return f"{metric}{{{both}}}"


def rate(metric: str, matchers: str = "") -> str:
    """Per second, over the shortest window that is safe at this zoom."""
    return f"rate({series(metric, matchers)}[$__rate_interval])"


def of_version(expression: str) -> str:
    """With the label `version`, of the chosen model versions; needs `job` and `instance`.

    Counters know no version. The replica that exports them tells which one it runs, at that time.
    """
    serving = 'adamml_model_info{job="adamml", version=~"$version"} == 1'
    # While several workers change their model a replica has two for a moment.
    information = f"topk by (job, instance) (1, {serving})"
    return f"{expression} * on (job, instance) group_left (version) {information}"


def versioned_rate(metric: str, matchers: str = "") -> str:
    return of_version(rate(metric, matchers))


def in_range(expression: str) -> str:
    """What `expression`, a rate, adds up to over the dashboard's time range, but for a factor.

    For ratios of two. An increase over the range would ask for the version only at its end; steps
    as long as the rates' windows would miss what happens between the windows' outer samples.
    """
    return f"sum_over_time(({expression})[$__range:$__interval])"


def total(expression: str, by: str = "") -> str:
    return f"sum by ({by}) ({expression})" if by else f"sum({expression})"


def ratio(numerator: str, denominator: str) -> str:
    """Of two with equal labels; nothing, rather than NaN, while the denominator is 0."""
    return f"{numerator} / ({denominator} > 0)"


def share(parts: str, whole: str) -> str:
    """Each of the parts, whatever its labels, of a whole without labels."""
    return f"{parts} / on () group_left () ({whole} > 0)"


def quantile(q: float, metric: str, by: str = "", matchers: str = "") -> str:
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({q}, {total(rate(metric + '_bucket', matchers), labels)})"
