"""How a case is going: understanding the question, and its answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from bot.language import Language, normalise
from bot.orders import wording
from bot.orders.answers import Reply
from bot.orders.cases import Case

_NUMBER = re.compile(r"(?<![a-z0-9])cs\d{14}(?!\d)", re.IGNORECASE)
_ABOUT = re.compile(
    r"售后|工单|退货|退换|换货|退款|理赔|补发|开票|发票|催单|催的|登记的|报的|申请的?|投诉|反映的"
    r"|(?<![a-z])(?:case|return|exchange|refund|claim|report|ticket|request|invoice|complaint)s?(?![a-z])",
    re.IGNORECASE,
)
_NEWS = re.compile(
    r"进度|进展|(?:处理|办理?|弄|审核?|查|解决)(?:得|的|到|完|好|成)?.{0,3}(?:怎么?样|如何|咋样|哪|了没|了吗|没有$)"
    r"|(?:怎么?样|咋样|如何)了|到哪(?:一?步|里|儿)?了|还没(?:到账|退|给我|处理|办|好)"
    r"|有.{0,2}(?:结果|消息|回复|下文|回音)|(?:没|没有)(?:结果|消息|回复|下文|回音|动静|人联系)"
    r"|(?<![a-z])(?:any (?:news|updates?|progress|word)|updates? (?:on|about)|status of|progress (?:of|on|with)"
    r"|how(?:'s| is| far is| are)(?: \w+){1,4} (?:going|coming|doing|along)|how far|what(?:'s| is| has)(?: \w+){0,2} happen(?:ing|ed) (?:with|to)"
    r"|anything happened (?:with|to)|heard (?:back|anything|nothing)|hear back|where(?:'s| is| are) my|what about my|how about my|still waiting (?:on|for)|looked into)",
    re.IGNORECASE,
)
_COMPLAINT = re.compile(r"投诉|complain", re.IGNORECASE)
_OWN = re.compile(
    r"我的|我那|上次|之前|刚才|昨天|登记的|(?<![a-z])(?:my|our)(?![a-z])", re.IGNORECASE
)
# Nothing but the thing itself: "my return". A word for an invoice is a wish for one.
_BARE = re.compile(
    r"(?:你好|您好|请问|那|[,，\s])*(?:我的|我那个?)(?:退货|换货|退换货?|退款|售后|工单|理赔|投诉)(?:申请|单)?(?:呢|啊)?"
    r"|(?:(?:hi|hello|and|so)[,\s]+)*my (?:case|return|exchange|refund|claim|ticket|complaint)s?",
    re.IGNORECASE,
)
_HOW_TO = re.compile(
    r"怎么(?:查|看|申请|退|换|办理|开)|在哪|哪里|流程|政策|规则|(?<![a-z])(?:how (?:do|can|to)|where (?:do|can)|policy)(?![a-z])",
    re.IGNORECASE,
)


def asks_for_news(text: str) -> bool:
    """Tell whether a message asks how a case is going, not how such things go in general."""
    plain = normalise(text)
    if _NUMBER.search(plain):
        return True
    if _BARE.fullmatch(plain.strip(" ?？!！.。~～…")):
        return True
    about = _ABOUT.search(plain) and _NEWS.search(plain)
    return bool(about) and _HOW_TO.search(plain) is None


def names_a_case(text: str) -> bool:
    """Tell whether a message speaks of a case of the customer's own."""
    plain = normalise(text)
    return bool(_NUMBER.search(plain) or _OWN.search(plain))


def names_a_complaint(text: str) -> bool:
    """Tell whether a message speaks of a complaint."""
    return _COMPLAINT.search(normalise(text)) is not None


def news(cases: Sequence[Case], now: datetime, language: Language) -> list[Reply]:
    """Say of each case how far it is, until when its customer hears of it, and what comes next."""
    return [_one(case, now, language) for case in cases]


def _one(case: Case, now: datetime, language: Language) -> Reply:
    values = {
        "case": wording.case_name(case.number, case.order_number, language),
        "about": wording.case_kind(case.kind, language),
        "promised_for": wording.promise(case.promised_for, language),
        "next_step": wording.case_next_step(case.kind, language),
        "answer": case.answer or "",
    }
    if case.closed_at is not None:
        closed = values | {"closed": wording.moment(case.closed_at, language)}
        return Reply("utter_case_news_closed", closed)
    name = "utter_case_news_late" if now > case.promised_for else "utter_case_news_open"
    return Reply(name, values)
