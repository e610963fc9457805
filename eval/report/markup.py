"""Elements of a page, escaped unless they were made here: a document's text is never HTML."""

import re
from html import escape

# Control characters, and those that turn the direction of what stands around them.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]")
_VOID = frozenset({"meta", "rect", "line", "circle", "path", "polyline", "br"})


class Markup(str):
    """Text that `tag` made, and that is therefore safe to put between other tags."""

    __slots__ = ()


def tag(
    name: str, /, *children: "str | Markup | None", **attributes: "str | float | None"
) -> Markup:
    """An element. A child that is no `Markup` is escaped; None is left out.

    A trailing underscore is taken off an attribute's name (`class_`), inner ones become hyphens;
    `viewBox` stays as it is.
    """
    told = "".join(
        f' {_attribute(key)}="{escape(_printable(_number(value)))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{told}>") if name in {"meta", "br"} else Markup(f"<{name}{told}/>")
    return Markup(f"<{name}{told}>{joined(*children)}</{name}>")


def joined(*children: "str | Markup | None") -> Markup:
    """Children one after another, each escaped where it has to be."""
    return Markup("".join(_safe(one) for one in children if one is not None))


def _safe(child: "str | Markup") -> str:
    # What no HTML text may hold (HTML, 13.1.3) becomes a visible stand-in.
    return child if isinstance(child, Markup) else escape(_printable(child))


def _printable(text: str) -> str:
    return "".join(
        one if one in "\n\t" or not _UNFIT.match(one) else "\ufffd"
        for one in text.encode("utf-8", "replace").decode("utf-8")
    )


def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _number(value: "str | float") -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
