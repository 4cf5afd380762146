"""What several parts of the service's dashboard ask for, and the limits that they draw."""

from __future__ import annotations

from promql import rate, total
from shown import above

CLASSIFY = 'route=~"/classify|/v2/.*/infer"'
REQUESTS = total(rate("adamml_requests_total", CLASSIFY))
ERRORS = total(rate("adamml_requests_total", f'{CLASSIFY}, status=~"5.."'))
LATENCY = "adamml_request_duration_seconds"
PER_SECOND, SHARE, SECONDS = "reqps", "percentunit", "s"

# As in the alerts.
ERROR_RATIO, LATENCY_SECONDS, QUEUE_USED = above(0.05), above(30.0), above(0.8)
