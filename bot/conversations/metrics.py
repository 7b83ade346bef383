"""Figures for Prometheus about messages and turns."""

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
RECEIVED = Counter(
    "yingda_received_total",
    "Messages from customers, by channel and outcome: new, duplicate, limited.",
    ["channel", "outcome"],
)
REJECTED = Counter(
    "yingda_rejected_requests_total",
    "Requests that a channel did not accept, by channel and reason.",
    ["channel", "reason"],
)
ANSWER_SECONDS = Histogram(
    "yingda_answer_seconds",
    "Seconds from a customer's message to the delivery of what answers it, by channel.",
    ["channel"],
    buckets=(0.05, 0.1, 0.2, 0.5, 1, 2, 4.5, 10, 30, 60, 300, 3600),
)
