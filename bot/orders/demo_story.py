"""When everything happened to an order of the demo shop, dated back from now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from bot.clock import SHOP_ZONE
from bot.orders.model import EventKind, OrderState, Receiver
from bot.orders.promise import transit_days

Scans = Sequence[tuple[EventKind, datetime]]

_S, _E = OrderState, EventKind
# Hours after the dispatch to a city that is not remote. The second departure is from the city's hub.
_JOURNEY = ((_E.PICKED_UP, 0.2), (_E.DEPARTED, 5), (_E.ARRIVED, 25), (_E.DEPARTED, 32))
_HOURS_TO_DOOR = 40.0
_FAR = 2.4  # Remote journeys take so many times longer.


@dataclass(frozen=True, slots=True)
class Plan:
    """What an order shall be; the builder finds the moments and amounts that fit."""

    state: OrderState
    cod: bool = False
    confirmed: bool = True
    late: bool = False
    split: bool = False
    number: str | None = None
    tracking_number: str | None = None
    expected_in_days: int | None = None
    receiver: Receiver | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """The moments of an order: taken, settled (paid or confirmed), and the scans of each parcel."""

    created_at: datetime
    settled_at: datetime | None
    scans: Sequence[Scans] = ()


def tell(plan: Plan, subdivision: str, now: datetime, random: Random) -> Story:
    """Return a story that has brought an order to the state of ``plan`` by ``now``."""
    hours = {
        _S.UNPAID: (0.1, 0.35),
        _S.PLACED: (3.0, 30.0) if plan.confirmed else (0.5, 14.0),
        _S.PAID: (60.0, 80.0) if plan.late else (1.0, 36.0),
        _S.PACKED: (12.0, 40.0),
        _S.CANCELLED: (12.0, 1200.0),
    }.get(plan.state)
    if hours is None:
        journeys = [_scans(plan, position, subdivision, now, random) for position in _parcels(plan)]
        sent_at = min(scans[0][1] for scans in journeys)
        settled_at = sent_at - _hours(random, 5, 30)
        return Story(settled_at - _thinking(plan, random), settled_at, journeys)
    created_at = now - _hours(random, *hours)
    settled = plan.state in {_S.PAID, _S.PACKED} or (plan.state is _S.PLACED and plan.confirmed)
    return Story(created_at, created_at + _thinking(plan, random) if settled else None)


def _parcels(plan: Plan) -> range:
    return range(2 if plan.split else 1)


def _thinking(plan: Plan, random: Random) -> timedelta:
    """Return how long a customer took to pay, or to confirm a cash-on-delivery order."""
    return _hours(random, 0.3, 2) if plan.cod else _hours(random, 0.02, 0.3)


def _scans(plan: Plan, position: int, subdivision: str, now: datetime, random: Random) -> Scans:
    slow = _FAR if transit_days(subdivision) > transit_days("") else 1.0
    to_door = _HOURS_TO_DOOR * slow * random.uniform(0.95, 1.1)
    match plan.state:
        case _S.SHIPPED if plan.late:
            late_by = timedelta(days=transit_days(subdivision) + random.randint(2, 3))
            return _way(now - late_by, slow, now, random)[:3]
        case _S.SHIPPED if plan.split and position == 0:
            end = (_E.DELIVERED, _daytime(now - _hours(random, 12, 30)))
        case _S.SHIPPED:
            hours = (34, 38) if plan.expected_in_days is not None else (8, 60)
            return _way(now - _hours(random, *hours), slow, now, random)
        case _S.OUT_FOR_DELIVERY:
            out_at = _daytime(now - _hours(random, 0.5, 4))
            return [
                *_way(out_at - timedelta(hours=to_door), slow, out_at, random),
                (_E.OUT_FOR_DELIVERY, out_at),
            ]
        case _S.DELIVERY_FAILED:
            end = (_E.NOBODY_HOME, _daytime(now - _hours(random, 3, 24)))
        case _S.RETURNED:
            end = (
                random.choice((_E.DELIVERED, _E.REFUSED)),
                _daytime(now - _hours(random, 240, 1000)),
            )
        case _:
            hours = (16, 30) if plan.number else (6, 1300)
            end = (_E.DELIVERED, _daytime(now - _hours(random, *hours)))
    out_at = end[1] - _hours(random, 1, 3)
    way = _way(out_at - timedelta(hours=to_door), slow, out_at, random)
    scans = [*way, (_E.OUT_FOR_DELIVERY, out_at), end]
    if plan.state is _S.RETURNED:
        scans.append((_E.RETURNED, end[1] + _hours(random, 70, 200)))
    return scans


def _way(sent_at: datetime, slow: float, until: datetime, random: Random) -> Scans:
    """Return the scans between the warehouse and the last hub that come before ``until``."""
    scans = [
        (kind, sent_at + timedelta(hours=hours * slow * random.uniform(0.95, 1.05)))
        for kind, hours in _JOURNEY
    ]
    return [(kind, at) for kind, at in scans if at < until]


def _hours(random: Random, least: float, most: float) -> timedelta:
    return timedelta(seconds=round(random.uniform(least, most) * 3600))


def _daytime(moment: datetime) -> datetime:
    """Return ``moment``, or an evening hour before it when no courier is about then."""
    local = moment.astimezone(SHOP_ZONE)
    if local.hour >= 20:
        return moment - timedelta(hours=local.hour - 19)
    return moment - timedelta(hours=local.hour + 5) if local.hour < 9 else moment
