"""What a customer's message says about an order: yes or no, a time, a phone, a note for the courier.

The engine has found dates, times and phones; this module decides what they are meant for. It reads
only messages that answer a question about an order, so it need not be careful about anything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from bot.clock import SHOP_ZONE
from bot.language import normalise
from bot.orders.addresses import read_address
from bot.orders.model import Address, Order, OrderState, Window
from bot.orders.policy import CodPolicy
from bot.orders.promise import local_day
from bot.orders.recipients import about_recipient, recipient_in

_YES = re.compile(
    r"确认|确定|没问题|没错|无误|可以发|发吧|发货吧|对的|都对|地址对|金额对|就这样|就这么|好的|行$|^行|^对|^好|^可以|^是的?|^嗯|同意|要的"
    r"|(?<![A-Za-z])(?:yes|yep|yeah|yup|sure|ok|okay|confirm(?:ed)?|correct|all good|go ahead|sounds good|right|fine|please do|do it)(?![A-Za-z])",
    re.IGNORECASE,
)
_NO = re.compile(
    r"不对|不是|不要|不用|别|不确认|不行|先不|算了|不改|取消|错了|没法|不能"
    r"|(?<![A-Za-z])(?:no|nope|not|don'?t|wrong|never ?mind|forget it|cancel|incorrect|stop)(?![A-Za-z])",
    re.IGNORECASE,
)
_CHANGES = re.compile(
    r"改|换|推迟|延[期后]|提前|挪|调|晚[几一两]?天|送|配送|要求|希望|预约"
    r"|(?<![A-Za-z])(?:change|move|switch|instead|rather|postpone|reschedule|deliver(?:y|ed)?|bring|send|make it|come)(?![A-Za-z])",
    re.IGNORECASE,
)
# A clause that the courier should know: whom to call, where to leave it, what is near, which change.
_NOTE = re.compile(
    r"打(?:[我他她](?:的)?)?(?:个|一下)?(?:电话|手机)|电话联系|提前(?:联系|通知|打|说)|放(?:在|到)?.{0,6}(?:门口|门卫|保安|前台|物业|快递柜|驿站|丰巢|菜鸟|鞋柜)"
    r"|找零|零钱|找(?:得开|给)|(?:旁边|对面|隔壁|后面|附近)|(?:后|侧|东|西|南|北|小)门|电梯|敲门|门铃|别按|有狗|轻拿|小心"
    r"|家里有人|在家|(?:老公|老婆|爸|妈|家人|邻居|同事|室友).{0,4}(?:收|付|拿)|代收"
    r"|(?<![A-Za-z])(?:call|ring|text me|knock|leave (?:it|them)?|next to|opposite|behind|near|beside|gate|entrance|landmark"
    r"|change for|doorbell|bell|dog|lift|elevator|at home|be home|neighbou?r|reception|front desk|guard|concierge"
    r"|husband|wife)(?![A-Za-z])",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"[，,。；;！!\n]+|(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])|\s+(?:and|but)\s+", re.I
)
# Said to a question it means yes; "confirm the order" said to "shall I cancel it?" means no.
_BARE_CONFIRM = re.compile(
    r"(?:嗯+|好的?|是的?|对的?|行|可以|我|就|[\s,，])*(?:确认|确定)(?:取消|登记|退货|换货|修改)?[的了吧啦哦呀。！!\s]*"
    r"|(?:yes|yeah|ok|okay|i|[\s,])*(?:confirm(?:ed)?)(?: (?:it|that|the cancellation))?[\s.!]*",
    re.IGNORECASE,
)
_CANCELS = re.compile(
    r"不要了|不想要|不买|不需要了|取消|退单|撤单|(?<![A-Za-z])(?:cancel|don'?t want it|no longer (?:want|need))\b",
    re.I,
)
_QUESTION = re.compile(
    r"[?？]|[不没]$|吗|呢|么|怎么|什么|多少|几点|咋|啥|(?<![A-Za-z])(?:how|what|when|why|which|who|do you|can i)(?![A-Za-z])",
    re.I,
)
# Right after a confirmation a question may be one about the shop, which a card's answers never are.
_ASKS_MORE = re.compile(
    r"有没有|是不是|是否|会不会|要不要|能不能|能否|可不可以|行不行|哪|谁|[多第]?几(?:点|天|个|号)|为啥"
    r"|^(?:is|are|do|does|did|can|could|would|will|should|may|where)(?![a-z])",
    re.I,
)
# A question by its form, a request by its meaning.
_POLITE = re.compile(
    r"^(?:那|请问|麻烦|另外|[,，\s])*(?:能不能|可不可以|能否|可以|能)(?:麻烦)?(?:让|叫|请)?(?:你们?|快递员?|快递小哥|小哥|师傅|送货员|他们?)?(?:帮我|帮忙|先|提前|打|放|按|走|带|敲|交)"
    r"|^(?:(?:ok|and|also|thanks|thank you|please)[,\s]*)*(?:can|could|would|will) (?:you|the courier|the driver|he|she|they|someone)(?![a-z])",
    re.I,
)
# Where nobody takes the parcel; whether a shop does that is a question for its FAQ.
_UNATTENDED = re.compile(
    r"驿站|丰巢|菜鸟|柜|自提|门口|楼道|(?<![a-z])(?:locker|pick-?up|station|doorstep|porch|(?:at|by|outside|front of) (?:the |my )?(?:front |back )?door)(?![a-z])",
    re.I,
)
# Asked of the courier: to leave the parcel there. "Call me at the door" is none of it.
_LEFT_ALONE = re.compile(
    r"(?:(?:放(?!心)|搁|丢|扔|塞|挂|留|存|寄存)[^,，.。;；]{0,12}?|(?<![a-z])(?:leave|put|drop)[^,，.。;；]{0,30}?)"
    r"(?:驿站|丰巢|菜鸟|柜|自提|门口|门外|门把|楼道|鞋架|信箱|代收点|(?<![a-z])(?:lockers?|pick-?up|station|doorstep|porch"
    r"|hallway|mailbox|(?:at|by|outside|front of) (?:the |my )?(?:front |back )?door|outside)(?![a-z]))",
    re.I,
)
# "No, at the front desk": in place of what the courier was to know before, not beside it.
_INSTEAD = re.compile(
    r"^(?:不[,，\s]|不对|不是|还是|算了|改|换)|别放|不放|改[成放]|换[成放]|(?<![a-z])(?:no|actually|instead|rather)(?![a-z])",
    re.I,
)
_TIME_WORD = re.compile(
    r"时间|周|星期|礼拜|[上中下]午|晚上|早上|[明后]天|(?<![A-Za-z])(?:am|pm|morning|afternoon|evening|\w+day|tomorrow)(?![A-Za-z])",
    re.I,
)
_PHONE_WORD = re.compile(
    r"电话|手机|号码|联系方式|(?<![A-Za-z])(?:phone|mobile|number|contact)(?![A-Za-z])",
    re.IGNORECASE,
)
# What is to change, with or without saying to what: "confirm but change the phone".
_TO_CHANGE = {
    name: re.compile(
        rf"(?P<not>不用|不要|别|不必|无需|不|no need to |not |n'?t |never )?(?:(?:改|换)(?:一?下|个|一个)?(?:收货|联系|送货|配送)?(?:{zh})"
        rf"|(?:{zh})(?:要|想|得|需要|帮我|[给也再麻烦])*(?:改|换)(?!成|为|到|[了过]|\d)|(?<![a-z])(?:change|update|switch|another|a different)(?: (?:the|my|delivery|shipping|phone))* (?:{en})(?![a-z]))",
        re.IGNORECASE,
    )
    for name, zh, en in (
        ("phone", "电话|手机|号码", "phone|mobile|number"),
        ("address", "地址", "address"),
        ("window", "时间|日期", "time|day|date|slot"),
    )
}
_CONFIRMS = re.compile(
    r"(?:我要?|[,，\s])*(?:确认|确定|没问题|可以发|都对)|(?:i |please |ok(?:ay)?|yes|[,\s])*confirm",
    re.I,
)
_AROUND_NOTE = re.compile(
    r"^(?:确认|好的|可以|没问题|行|对|ok|yes|confirm(?:ed)?)[,，\s]*|(?:(?:可以|行|好)?[吗嘛么])?[\s?？]*$",
    re.I,
)
_OPEN_END = ".."


class TimeProblem(StrEnum):
    """Why a wish for a delivery time can't be granted."""

    PAST = "past"
    TOO_EARLY = "too_early"
    TOO_FAR = "too_far"
    OUT_OF_HOURS = "out_of_hours"
    NO_SUCH_DAY = "no_such_day"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a message says. ``window`` and ``problem`` exclude each other."""

    yes: bool = False
    no: bool = False
    address: Address | None = None
    window: Window | None = None
    problem: TimeProblem | None = None
    recipient: str | None = None
    phone: str | None = None
    note: str | None = None
    about_phone: bool = False
    about_recipient: bool = False
    to_change: str | None = None  # a field of the draft that the message names for changing
    instead: bool = False  # the note takes the place of the one before
    left_alone: bool = False  # the parcel is to lie where nobody pays what is due for it

    def after(self, earlier: Reading) -> Reading:
        """Return this reading with what an earlier message gave and this one does not."""
        timed = self if self.window or self.problem else earlier
        return replace(
            self,
            address=self.address or earlier.address,
            window=timed.window,
            problem=timed.problem,
            recipient=self.recipient or earlier.recipient,
            phone=self.phone or earlier.phone,
            note=self.note or earlier.note,
            about_phone=self.about_phone or earlier.about_phone,
            about_recipient=self.about_recipient or earlier.about_recipient,
            to_change=self.to_change or earlier.to_change,
            left_alone=self.left_alone or earlier.left_alone,
        )

    @property
    def values(self) -> bool:
        """Whether the message gives anything that an order could be changed to."""
        given = (self.address, self.window, self.problem, self.recipient, self.phone)
        return any(one is not None for one in given)

    def gives(self, asked_for: str | None) -> bool:
        """Tell whether the message gives what a slot of the order form asks for."""
        given = {
            "new_address": self.address,
            "new_window": self.window or self.problem,
            "new_phone": self.phone,
            "new_recipient": self.recipient,
        }
        return given.get(asked_for or "") is not None


def read(
    text: str,
    entities: Iterable[Mapping[str, Any]],
    order: Order,
    now: datetime,
    policy: CodPolicy,
    *,
    wants_time: bool,
    wants_name: bool = False,
) -> Reading:
    """Read a message about ``order``.

    Args:
        entities: the engine's, with ``entity`` and ``value``.
        wants_time: the customer was asked for a time or talks of one, so any moment is meant.
        wants_name: the customer was asked who gets the parcel.
    """
    plain = normalise(text)  # 確認 is 确认 and ＯＫ is OK; the note stays in the customer's writing
    found: dict[str, str] = {}
    for entity in entities:
        found.setdefault(str(entity["entity"]), str(entity["value"]))
    whole = note_of(text)
    note = note_of(text, left_alone=False) if order.to_collect.minor else whole
    left_alone = note != whole
    window: Window | None = None
    problem: TimeProblem | None = None
    address = read_address(text, order.address)
    day, clock = found.get("date"), found.get("time")
    if address and not _TIME_WORD.search(plain):
        day = clock = None  # 610号 is a house and no tenth of June.
    # A time of day alone, without a word of changing, is something the courier should know.
    if (day or clock) and (wants_time or (day and _CHANGES.search(plain))):
        wish = window_of(day, clock, order, policy)
        if isinstance(wish, Window):
            problem = check_window(wish, order, now, policy)
            window = _within_hours(wish, policy) if problem is None else None
        else:
            problem = wish
            if wish is None and note is None and not left_alone:
                note = text.strip()  # "After six", and on any day.
    elif clock and not day and note is None and not (wants_time or left_alone):
        note = text.strip()
    no = bool(_NO.search(plain))
    return Reading(
        yes=bool(_YES.search(plain)) and not no,
        no=no,
        address=address,
        window=window,
        problem=problem,
        recipient=recipient_in(text, asked=wants_name),
        phone=found.get("phone"),
        note=note,
        about_phone="phone" in found or bool(_PHONE_WORD.search(plain)),
        about_recipient=about_recipient(text),
        to_change=_to_change(plain),
        instead=_INSTEAD.search(plain.strip()) is not None,
        left_alone=left_alone,
    )


def _to_change(plain: str) -> str | None:
    found = ((name, pattern.search(plain)) for name, pattern in _TO_CHANGE.items())
    return next((name for name, match in found if match and not match["not"]), None)


def is_question(text: str) -> bool:
    """Tell whether a message asks something, so that its values are no answer."""
    return _QUESTION.search(normalise(text)) is not None


def asks(text: str) -> bool:
    """Tell whether a message asks something, be it in the form of a request."""
    plain = normalise(text).strip()
    return is_question(text) or _ASKS_MORE.search(plain) is not None


def note_asked_for(text: str) -> bool:
    """Tell whether a message, said when all is settled, gives the courier something to know.

    "Can you leave it with the guard?" does; "is there a shop near me?" is a question of another kind.
    """
    plain = normalise(text).strip()
    if note_of(text) is None:
        return False
    polite = _POLITE.search(plain) is not None and _UNATTENDED.search(plain) is None
    return polite or not asks(text)


def confirms_but_changes(text: str) -> bool:
    """Tell whether a message confirms an order and names what is to change of it."""
    plain = normalise(text)
    settles = _CONFIRMS.match(plain.strip()) is not None and not is_question(text)
    return settles and _to_change(plain) is not None


def with_note(before: str | None, reading: Reading) -> str | None:
    """Return what the courier shall know after a message: one word more, or another in its place."""
    if before is None or reading.note is None or reading.instead:
        return reading.note
    if reading.note in before:
        return before
    separator = "，" if re.search(r"[\u3400-\u9fff]", reading.note) else ", "
    return f"{before}{separator}{reading.note}"[:200]


def is_yes(text: str) -> bool:
    """Tell whether a message that asks nothing says yes."""
    return _YES.search(normalise(text)) is not None and not is_no(text) and not is_question(text)


def only_confirms(text: str) -> bool:
    """Tell whether a message says "confirm" and nothing else, so that it means what was just asked."""
    plain = normalise(text)
    return bool(plain.strip()) and _BARE_CONFIRM.fullmatch(plain) is not None


def is_no(text: str) -> bool:
    """Tell whether a message that asks nothing says no."""
    return _NO.search(normalise(text)) is not None and not is_question(text)


def wants_to_cancel(text: str) -> bool:
    """Tell whether a "no" to a confirmation card means the order and not its details."""
    return _CANCELS.search(normalise(text)) is not None


def note_of(text: str, *, left_alone: bool = True) -> str | None:
    """Return the clauses of a message that the courier should know, in the customer's words.

    Args:
        left_alone: with those that want the parcel left where nobody takes it.
    """
    clauses = (_AROUND_NOTE.sub("", clause.strip()) for clause in _CLAUSE.split(text))
    kept = []
    for clause in filter(None, clauses):
        plain = normalise(clause)
        alone = _LEFT_ALONE.search(plain) is not None
        if left_alone if alone else _NOTE.search(plain):
            kept.append(clause)
    if not kept:
        return None
    separator = "，" if re.search(r"[\u3400-\u9fff]", text) else ", "
    return separator.join(kept)[:200]


def window_of(
    day: str | None, clock: str | None, order: Order, policy: CodPolicy
) -> Window | TimeProblem | None:
    """Return the delivery window that a date and a time of day mean (see ``moments.Moment``).

    A day alone means all of its delivery hours; a time of day alone keeps the day of the order's
    present window, and means nothing (``None``) without one; of several days the first is taken.
    """
    if day:
        try:
            on = date.fromisoformat(day.partition("/")[0])
        except ValueError:  # 2月30号
            return TimeProblem.NO_SUCH_DAY
    elif order.window:
        on = local_day(order.window.start)
    else:
        return None
    opens, closes = policy.delivery.start, policy.delivery.end
    start, end = opens, closes
    if clock:
        first, _, last = clock.partition("/")
        start = opens if first == _OPEN_END else _clock(first)
        if last:
            end = closes if last == _OPEN_END else _clock(last)
        else:
            # "at three" is the hour that begins then.
            later = datetime.combine(on, start) + timedelta(hours=1)
            end = later.time() if later.date() == on else _clock("23:59")
    return Window(_at(on, start), _at(on, max(end, start)))


def check_window(
    window: Window, order: Order, now: datetime, policy: CodPolicy
) -> TimeProblem | None:
    """Return why a parcel can't come in a window, ``None`` if it can."""
    day, today = local_day(window.start), local_day(now)
    if window.end <= now or day < today:
        return TimeProblem.PAST
    if day < earliest_day(order, now, policy):
        return TimeProblem.TOO_EARLY
    if day > latest_day(now, policy):
        return TimeProblem.TOO_FAR
    opens, closes = _at(day, policy.delivery.start), _at(day, policy.delivery.end)
    if window.start >= closes or window.end <= opens or window.start >= window.end:
        return TimeProblem.OUT_OF_HOURS
    return None


def _within_hours(window: Window, policy: CodPolicy) -> Window:
    """Return the part of a window in which couriers are about: a morning begins at nine."""
    day = local_day(window.start)
    opens, closes = _at(day, policy.delivery.start), _at(day, policy.delivery.end)
    return Window(max(window.start, opens), min(window.end, closes))


def earliest_day(order: Order, now: datetime, policy: CodPolicy) -> date:
    """Return the first day on which an order can be delivered (again)."""
    again = order.state is OrderState.DELIVERY_FAILED
    days = policy.delivery.earliest_days_again if again else policy.delivery.earliest_days
    return local_day(now) + timedelta(days=days)


def latest_day(now: datetime, policy: CodPolicy) -> date:
    """Return the last day on which a delivery can be arranged."""
    return local_day(now) + timedelta(days=policy.delivery.latest_days)


def _clock(text: str) -> time:
    return time.fromisoformat(text)


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, SHOP_ZONE)
