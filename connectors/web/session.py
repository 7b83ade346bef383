"""Sessions of the widget: the server names the visitor and signs the name.

A visitor's transcript is guarded by the token alone, so the name in it is a random 128-bit number
that nobody can guess, and the signature keeps anybody from choosing one.
"""

from __future__ import annotations

import uuid

from itsdangerous import BadSignature, URLSafeSerializer


class WebSessions:
    """Issues and checks session tokens.

    Args:
        key: the installation's session key; changing it ends every session.
    """

    def __init__(self, key: str) -> None:
        self._serializer = URLSafeSerializer(key, salt="yingda-web-session")

    def issue(self) -> tuple[str, str]:
        """Return (token, user) of a new visitor."""
        user = uuid.uuid4().hex
        return str(self._serializer.dumps(user)), user

    def user_of(self, token: str | None) -> str | None:
        """Return the visitor a token was issued to, or ``None`` for a missing or forged one."""
        try:
            user: str = self._serializer.loads(token or "")
        except BadSignature:
            return None
        return user
