"""Whether the links of the FAQ open. Without a network nothing is claimed about any of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx

from bot.faq.checks import links_of
from bot.faq.errors import Place, Problem, Severity
from bot.faq.records import Reading

_AT_ONCE = 8
_TIMEOUT_S = 10.0


def check_links(
    reading: Reading, transport: httpx.AsyncBaseTransport | None = None
) -> list[Problem]:
    """Return a warning for every link that does not open, in every record that has it.

    A link is dead when its server says so (4xx but 401, 403, 405, 429: it is there, for others) or has no
    such name or answer while other links do open. When none opens there is no network: one hint says so.

    Args:
        reading: The files.
        transport: How to reach the servers; None for the network.
    """
    records = [record for file in reading.files for record in file.category.records]
    owners = links_of(records)
    if not owners:
        return []
    results = asyncio.run(_try_all(list(owners), transport))
    places = dict(_places(reading))
    if all(reached is None for reached, _ in results.values()):
        first = places[next(iter(owners.values()))[0]]
        return [Problem(first, "links_unchecked", {"count": len(owners)}, Severity.HINT)]
    return [
        Problem(
            places[faq_id], "dead_link", {"url": url, "reason": reason}, Severity.WARNING, faq_id
        )
        for url, (reached, reason) in results.items()
        if not reached
        for faq_id in owners[url]
    ]


def _places(reading: Reading) -> Iterator[tuple[str, Place]]:
    for file in reading.files:
        for i, record in enumerate(file.category.records):
            yield record.id, file.source.place(("records", i))


async def _try_all(
    urls: list[str], transport: httpx.AsyncBaseTransport | None
) -> dict[str, tuple[bool | None, str]]:
    """Return {address: (opens, why not)}; ``opens`` None when no server was reached."""
    limit = asyncio.Semaphore(_AT_ONCE)
    async with httpx.AsyncClient(
        transport=transport, timeout=_TIMEOUT_S, follow_redirects=True
    ) as client:

        async def look(url: str) -> tuple[bool | None, str]:
            async with limit:
                try:
                    answer = await client.head(url)
                    if answer.status_code in {405, 501}:
                        answer = await client.get(url)
                except httpx.HTTPError as error:
                    return None, str(error) or type(error).__name__
            dead = answer.status_code >= 400 and answer.status_code not in {401, 403, 405, 429}
            return not dead, f"HTTP {answer.status_code}"

        return dict(zip(urls, await asyncio.gather(*map(look, urls)), strict=True))
