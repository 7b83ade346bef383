"""The built pages: the widget's script and the demo shop, under a strict content security policy."""

from __future__ import annotations

import os

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

# Our pages need nothing from elsewhere but pictures that an FAQ answer may show.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https:; "
    "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# Names under assets/ carry a hash of their content; everything else may change with a release.
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"


class Pages(StaticFiles):
    """Static files with the headers that a browser should get with them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the file with its caching and security headers."""
        response = await super().get_response(path, scope)
        hashed = path.startswith(f"assets{os.sep}")
        response.headers["Cache-Control"] = _FOR_EVER if hashed else _ASK_AGAIN
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
