"""A dataset is a file of labelled questions, one JSON object a line."""

from pathlib import Path

from pydantic import ValidationError

from eval.case import Case, CaseLine
from foundation.errors import ConfigurationError

_MOST_SHOWN = 20


class DatasetError(ConfigurationError):
    """A dataset cannot be used as it is written.

    `problems` has one line for each problem, `FILE line N: what is wrong`; the message strings
    the first of them together.
    """

    def __init__(self, problems: tuple[str, ...]) -> None:
        shown = "; ".join(problems[:_MOST_SHOWN])
        more = len(problems) - _MOST_SHOWN
        super().__init__(f"{shown}; and {more} more problems" if more > 0 else shown)
        self.problems = problems


def read_dataset(path: Path) -> tuple[Case, ...]:
    """Read every case of a file. Blank lines are skipped.

    Raises `DatasetError` that lists every problem of every line, so that one round of mending is
    enough.
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise DatasetError((f"{path}: cannot be read: {error.strerror}",)) from None
    except UnicodeDecodeError:
        raise DatasetError((f"{path}: is not UTF-8 text; save it as UTF-8",)) from None
    return parse_dataset(text, path.name)


def parse_dataset(text: str, where: str) -> tuple[Case, ...]:
    """Read cases from text; `where` names it in errors."""
    cases: list[Case] = []
    problems: list[str] = []
    first_line: dict[str, int] = {}
    # Only "\n" ends a line of JSON lines; a form feed or U+2028 may stand inside a string.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            case = CaseLine.model_validate_json(line).case()
        except ValidationError as error:
            problems.extend(f"{where} line {number}: {one}" for one in reasons(error))
            continue
        if case.id in first_line:
            problems.append(
                f"{where} line {number}: id {case.id!r} is taken by line {first_line[case.id]}"
            )
        first_line.setdefault(case.id, number)
        cases.append(case)
    if not cases and not problems:
        problems.append(f"{where}: holds no cases; write one JSON object a line")
    if problems:
        raise DatasetError(tuple(problems))
    return tuple(cases)


def reasons(error: ValidationError) -> list[str]:
    """What is wrong with a line, each problem with the key it is about."""
    found = []
    for one in error.errors(include_url=False, include_context=False, include_input=False):
        place = ".".join(str(part) for part in one["loc"])
        message = " ".join(one["msg"].removeprefix("Value error, ").split())
        found.append(f"{place}: {message}" if place else message)
    return found
