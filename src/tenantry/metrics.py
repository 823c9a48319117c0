"""Counters of one process, as plain numbers; Prometheus' text is made when somebody asks for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import Metric


class Metrics:
    """Counts on the event loop only, so that counting is one dictionary update."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()
        """Answered requests, by surface and status."""
        self.tokens: Counter[tuple[str, str]] = Counter()
        """Requests for a token, by surface and `issued` or `refused`."""

    def count(self, surface: str, status: int, obtains_token: bool) -> None:
        """Count one answered request."""
        self.requests[surface, status] += 1
        if obtains_token and status < 500:
            self.tokens[surface, "issued" if status < 400 else "refused"] += 1

    def collect(self) -> Iterator[Metric]:
        """Give the metrics in the form in which prometheus-client asks a collector for them."""
        from prometheus_client.metrics_core import CounterMetricFamily

        requests = CounterMetricFamily("tenantry_requests", "Answered requests.", labels=("surface", "status"))
        for (surface, status), count in self.requests.items():
            requests.add_metric((surface, str(status)), count)
        yield requests
        tokens = CounterMetricFamily("tenantry_tokens", "Tokens asked for.", labels=("surface", "outcome"))
        for (surface, outcome), count in self.tokens.items():
            tokens.add_metric((surface, outcome), count)
        yield tokens

    def render(self) -> tuple[bytes, str]:
        """The exposition text with its content type."""
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest

        registry = CollectorRegistry()
        registry.register(self)
        ProcessCollector(registry=registry)
        return generate_latest(registry), CONTENT_TYPE_LATEST
