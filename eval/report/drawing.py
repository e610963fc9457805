"""A plot's frame: from figures to places, axes, grid and words. Colours are the stylesheet's."""

from collections.abc import Sequence
from dataclasses import dataclass

from eval.report.markup import Markup, joined, tag

WIDTH, HEIGHT = 460, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 24, 14, 44


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where figures lie on a plot; `x` and `y` run from 0 to the largest shown."""

    x_most: float = 1.0
    y_most: float = 1.0

    def x(self, value: float) -> float:
        """Pixels from the left."""
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * min(value / self.x_most, 1.0)

    def y(self, value: float) -> float:
        """Pixels from the top."""
        return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * min(value / self.y_most, 1.0)

    @property
    def floor(self) -> float:
        """Where 0 lies."""
        return self.y(0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """What an axis says; `ticks` are (value, words)."""

    name: str
    ticks: Sequence[tuple[float, str]]


def plot(frame: Frame, x: Axis, y: Axis, *drawn: Markup, title: str) -> Markup:
    """A whole plot. `title` says what it shows to who cannot see it."""
    return tag(
        "svg",
        tag("title", title),
        *(
            tag("line", class_="grid", x1=frame.x(0), x2=frame.x(frame.x_most),
                y1=frame.y(at), y2=frame.y(at))
            for at, _ in y.ticks
        ),
        *(label(_LEFT - 7, frame.y(at) + 4, told, "end") for at, told in y.ticks),
        *(label(frame.x(at), frame.floor + 17, told) for at, told in x.ticks),
        tag("line", class_="axis", x1=frame.x(0), x2=frame.x(frame.x_most),
            y1=frame.floor, y2=frame.floor),
        label((frame.x(0) + frame.x(frame.x_most)) / 2, HEIGHT - 7, x.name, class_="name"),
        tag("text", y.name, class_="name", text_anchor="middle", x=0, y=0,
            transform=f"translate(13 {(frame.y(0) + frame.y(frame.y_most)) / 2:.0f}) rotate(-90)"),
        *drawn,
        class_="plot",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
    )  # fmt: skip


def label(
    x: float, y: float, text: str, anchor: str = "middle", class_: str | None = None
) -> Markup:
    """Words on a plot."""
    return tag("text", text, x=x, y=y, text_anchor=anchor, class_=class_)


def curve(frame: Frame, points: Sequence[tuple[float, float]], class_: str) -> Markup:
    """A line through points."""
    told = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in points)
    return tag("polyline", points=told, class_=class_)


def bar(  # noqa: PLR0913, PLR0917 - the four sides of a bar
    frame: Frame, low: float, high: float, base: float, top: float, class_: str, title: str
) -> Markup:
    """A bar from `low` to `high` along x and from `base` to `top` along y."""
    if top <= base:
        return joined()
    left, right = frame.x(low), frame.x(high)
    return tag(
        "g",
        tag("title", title),
        tag("rect", x=left + 0.75, y=frame.y(top), width=max(right - left - 1.5, 0.5),
            height=frame.y(base) - frame.y(top), class_=class_),
    )  # fmt: skip


def shares(most: float = 1.0, steps: int = 5) -> list[tuple[float, str]]:
    """Ticks in percent."""
    return [(most * at / steps, f"{100 * most * at / steps:.3g}%") for at in range(steps + 1)]


def counts(most: float) -> list[tuple[float, str]]:
    """Ticks in whole numbers, a handful."""
    step = next(
        size * 10**power
        for power in range(9)
        for size in (1, 2, 5)
        if most / (size * 10**power) <= 5  # noqa: PLR2004 - a handful
    )
    return [(at, f"{at:,}") for at in range(0, int(most) + 1, step)]
