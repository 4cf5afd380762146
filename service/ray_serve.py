"""The same application on Ray Serve: an ingress deployment, a model in every replica.

`serve run service.ray_serve:build`, or a Serve config file that names it, see docs/ray.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from service.settings import Settings, read_settings

if TYPE_CHECKING:
    from fastapi import FastAPI

NAME = "adamml"
# Beyond those that are computed, so that the next one has been uploaded when a place is free.
# Few: they are lost with their replica, while those that wait at a proxy are not.
UPLOADED_AHEAD = 2
_HEALTH_SECONDS = 5.0
_CLOSE_SECONDS = 5.0
_RETRY_AFTER_SECONDS = 5


def build(arguments: dict[str, Any]) -> Any:  # noqa: ANN401 - Ray's Application
    """The application that a Serve config file's `import_path` names.

    `arguments` are settings by their names, such as `model`; the others come from ADAMML_
    variables, which a config file sets in `runtime_env`. Options of the deployment can all be
    changed there.

    Raises:
        SettingsError: as `adamml serve`.
    """
    from ray import serve

    settings = read_settings(**arguments)

    # Called in the replica. A function, since Ray tells it from an application by that.
    def application() -> FastAPI:
        return _application(settings)

    deployment = serve.deployment(serve.ingress(application)(Replica))
    return deployment.options(name=NAME, **_options(settings)).bind()


def _options(settings: Settings) -> dict[str, Any]:
    """Requests that no replica has room for wait at the proxies, `max_queue` at each; more are
    refused as the service alone does, with a 429."""
    return {
        "ray_actor_options": {"num_cpus": settings.max_concurrency},
        "max_ongoing_requests": settings.max_concurrency + UPLOADED_AHEAD,
        # Ray takes no 0: none would ever be handed on.
        "max_queued_requests": max(1, settings.max_queue),
        "backpressure_config": {"status_code": 429, "retry_after_s": _RETRY_AFTER_SECONDS},
        "autoscaling_config": {
            "min_replicas": 1,
            "max_replicas": 16,
            "target_ongoing_requests": settings.max_concurrency,
        },
        # Requests inside may end, as after SIGTERM.
        "graceful_shutdown_timeout_s": settings.drain_grace_seconds + _CLOSE_SECONDS,
        "health_check_period_s": _HEALTH_SECONDS,
        "health_check_timeout_s": _HEALTH_SECONDS,
    }


def _application(settings: Settings) -> FastAPI:
    """What `adamml serve` has in a process of its own; Ray minds signals, sockets and the end."""
    from functools import partial

    from prometheus_client import disable_created_metrics

    from service.app import create_app
    from service.observability.logs import configure_logging
    from service.observability.tracing import create_tracing
    from service.process.entry import load_recognizer
    from service.process.tuning import give_memory_back

    configure_logging(settings.log_level, settings.log_format)
    disable_created_metrics()  # type: ignore[no-untyped-call]
    return create_app(
        settings,
        partial(load_recognizer, settings),
        loads_first=True,
        give_memory_back=give_memory_back,
        tracing=create_tracing(settings.otlp_endpoint),
    )


class Replica:
    """What Ray makes of it has the application as `app`, and calls it for every request."""

    app: FastAPI

    def check_health(self) -> None:
        """What /readyz says. Raises NotReadyError or ShuttingDownError: Ray then replaces it."""
        self.app.state.service.lifecycle.require_ready()
