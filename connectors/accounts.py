"""Signing in on the web: the session cookie, and who may call what.

Threat model. The cookie is HttpOnly (scripts can't read it), SameSite=Strict (other sites' requests
come without it), Secure behind TLS. A request that changes something must also come from our own
pages: browsers say so in ``Sec-Fetch-Site``, older ones in ``Origin``. A program without either
header has no cookie of anybody else's, so it is let through. This is the check that Go's
``http.CrossOriginProtection`` makes; it needs no token in every form.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from http.cookies import CookieError, SimpleCookie
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from pydantic import BaseModel, Field

from bot.accounts.accounts import LONGEST, Accounts, TooManyTriesError
from bot.accounts.model import Account, Right, Role
from bot.clock import SHOP_ZONE
from bot.language import Language

COOKIE = "yingda_session"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class SignIn(BaseModel):
    """What the sign-in form sends."""

    login: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=200)


class SignedIn(BaseModel):
    """Who is signed in; ``zone`` is the shop's time zone, by which the pages show moments."""

    login: str
    name: str
    role: Role
    language: Language
    zone: str = SHOP_ZONE.key


def from_our_pages(headers: Mapping[str, str]) -> bool:
    """Tell whether a browser sent a request from our own pages, judged by its headers."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    return same_host(headers.get("origin"), headers.get("host"))


def same_host(origin: str | None, host: str | None) -> bool:
    """Tell whether ``Origin`` names ``Host``; a request without an origin is no browser's."""
    return origin is None or urlsplit(origin).netloc == host


async def guard(request: Request) -> None:
    """Refuse what another site's page made a browser send."""
    if request.method not in _SAFE and not from_our_pages(request.headers):
        raise HTTPException(403, "expected a request from this site's own pages")


def token_of(cookie_header: str | None) -> str | None:
    """Return the session token in a ``Cookie`` header."""
    try:
        morsel = SimpleCookie(cookie_header or "").get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel else None


def allowed(right: Right | None = None) -> Callable[[Request], Awaitable[Account]]:
    """Return a dependency that gives the account of a request; ``app.state.accounts`` knows them.

    It answers 401 when nobody is signed in, and 403 to somebody without ``right``.
    """

    async def account(request: Request) -> Account:
        accounts: Accounts = request.app.state.accounts
        found = await accounts.signed_in(token_of(request.headers.get("cookie")))
        if found is None:
            raise HTTPException(401, "sign in first")
        if right is not None and not found.may(right):
            raise HTTPException(403, f"the role {found.role} may not do this")
        return found

    return account


Anybody = Annotated[Account, Depends(allowed())]
Talker = Annotated[Account, Depends(allowed(Right.TALK))]
Editor = Annotated[Account, Depends(allowed(Right.EDIT))]
Reviewer = Annotated[Account, Depends(allowed(Right.PUBLISH))]
Director = Annotated[Account, Depends(allowed(Right.DIRECT))]


def accounts_router(accounts: Accounts) -> APIRouter:
    """Return the routes to sign in and out, for every page."""
    router = APIRouter(prefix="/account", tags=["account"], dependencies=[Depends(guard)])

    @router.post("/sign-in")
    async def sign_in(form: SignIn, request: Request, response: Response) -> SignedIn:
        """Open a session."""
        address = request.client.host if request.client else "unknown"
        try:
            token = await accounts.sign_in(form.login, form.password, address)
        except TooManyTriesError as error:
            raise HTTPException(429, "too many tries: wait a quarter of an hour") from error
        account = await accounts.signed_in(token)
        if token is None or account is None:
            raise HTTPException(401, "login and password do not fit")
        response.set_cookie(
            COOKIE, token, max_age=int(LONGEST.total_seconds()), httponly=True,
            samesite="strict", secure=request.url.scheme == "https",
        )  # fmt: skip
        return SignedIn(**asdict(account))

    @router.post("/sign-out", status_code=204)
    async def sign_out(request: Request, response: Response) -> None:
        """End the session."""
        token = token_of(request.headers.get("cookie"))
        if token:
            await accounts.sign_out(token)
        response.delete_cookie(COOKIE)

    @router.get("/me")
    async def me(account: Anybody) -> SignedIn:
        """Say who is signed in."""
        return SignedIn(**asdict(account))

    return router
