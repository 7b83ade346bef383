"""Chatwoot as the place where people answer, beside or instead of our own desk.

Both hear of hand-offs through ``bot.desk.feed.Listener`` and answer through ``bot.desk.service.HandoffDesk``:
that is the whole interface of a help desk.
"""
