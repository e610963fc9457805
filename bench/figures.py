"""A measured figure beside what was asked for, and a scoreboard of them."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure; a target is None where the figure is only reported."""

    name: str
    value: float
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None
    digits: int = 3

    @property
    def holds(self) -> bool:
        """Whether it is what was asked for. NaN never is."""
        low = self.at_least is None or self.value >= self.at_least
        high = self.at_most is None or self.value <= self.at_most
        return low and high

    def line(self) -> str:
        """The figure, its target and whether it holds, in one line."""
        text = f"{self.name:<62} {self.value:10.{self.digits}f} {self.unit}".rstrip()
        if self.at_least is None and self.at_most is None:
            return text
        bound = f">= {self.at_least:g}" if self.at_least is not None else f"<= {self.at_most:g}"
        return f"{text}  (asked for {bound}: {'holds' if self.holds else 'SHORT'})"


@dataclass(slots=True)
class Board:
    """Prints figures as they come and keeps them for the end."""

    figures: list[Figure] = field(default_factory=list)

    def add(  # noqa: PLR0913 - a figure's parts, as its class has them
        self,
        name: str,
        value: float,
        unit: str = "",
        *,
        at_least: float | None = None,
        at_most: float | None = None,
        digits: int = 3,
    ) -> None:
        """Take a figure and print it."""
        figure = Figure(
            name=name, value=value, unit=unit, at_least=at_least, at_most=at_most, digits=digits
        )
        self.figures.append(figure)
        print(figure.line(), flush=True)

    def close(self) -> None:
        """Say what falls short."""
        short = [one for one in self.figures if not one.holds]
        asked = [one for one in self.figures if (one.at_least, one.at_most) != (None, None)]
        print(f"\n{len(asked) - len(short)} of {len(asked)} figures hold what was asked for")
        for one in short:
            print(f"  {one.line()}")
