"""Conversations: inbox, per-conversation order, turns, outbox, hand-off."""
