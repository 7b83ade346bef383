"""Channels against platforms in their worst mood."""
