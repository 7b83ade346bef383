"""Figures for Prometheus about the bot's turns."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

TURNS = Counter(
    "yingda_turns_total", "Customer messages answered, by rung of the ladder.", ["rung"]
)
TURN_SECONDS = Histogram(
    "yingda_turn_seconds",
    "Seconds from taking up a message to its committed answer.",
    buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
DELIVERIES = Counter(
    "yingda_deliveries_total",
    "Messages to customers, by channel and outcome.",
    ["channel", "outcome"],
)
