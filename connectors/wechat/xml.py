"""WeChat's XML: read safely (no document types, no entities), written with CDATA."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

# Characters that XML 1.0 does not allow at all.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


class XmlError(Exception):
    """A body that is not the XML of a callback."""


def read_xml(body: bytes) -> dict[str, str]:
    """Return the texts of a callback by element name; nested elements by their own name.

    Raises:
        XmlError: for anything but a flat ``<xml>`` document, also for document types and entities.
    """
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise XmlError(
            f"expected XML without a document type, got {type(error).__name__}"
        ) from error
    if root.tag != "xml":
        raise XmlError(f"expected <xml>, got <{root.tag}>")
    return {
        element.tag: (element.text or "").strip() for element in root.iter() if element is not root
    }


Value = str | int | Mapping[str, "Value"]


def write_xml(values: Mapping[str, Value]) -> str:
    """Return ``values`` as a callback's answer; numbers plain, texts as CDATA."""
    return f"<xml>{_content(values)}</xml>"


def _content(value: Value) -> str:
    if isinstance(value, Mapping):
        return "".join(f"<{k}>{_content(v)}</{k}>" for k, v in value.items())
    if isinstance(value, int):
        return str(value)
    clean = _FORBIDDEN.sub("", value).replace("]]>", "]]]]><![CDATA[>")
    return f"<![CDATA[{clean}]]>"
