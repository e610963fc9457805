"""What the README says is true: every setting is listed as it is, every command it shows exists."""

import re
import shlex
from pathlib import Path

import pytest

import cli
from foundation.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def shown_default(name: str) -> str:
    value = Settings.model_fields[name].default
    return f"`{value}`" if value not in (None, "") else ""


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_listed_with_its_default_and_meaning(name: str):
    description = Settings.model_fields[name].description
    assert description
    row = f"| `COPILOT_{name.upper()}` | {shown_default(name)} | {description} |"
    assert row in README, f"README's settings table needs this row:\n{row}"


def test_the_readme_lists_no_setting_that_does_not_exist():
    listed = set(re.findall(r"^\| `COPILOT_([A-Z_]+)`", README, flags=re.MULTILINE))
    assert listed == {name.upper() for name in Settings.model_fields}


def commands() -> list[str]:
    blocks = re.findall(r"^```\w*\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    found = [re.search(r"partner-copilot ([a-z][^)#|]*)", line) for line in lines]
    return [match.group(1).strip() for match in found if match]


@pytest.mark.parametrize("command", commands())
def test_every_command_the_readme_shows_is_understood(command: str):
    cli.build_parser().parse_args(shlex.split(command))


def test_the_readme_shows_commands():
    assert len(commands()) >= 4


@pytest.mark.parametrize("target", sorted(set(re.findall(r"^make (\w+)", README, re.MULTILINE))))
def test_every_make_target_the_readme_shows_exists(target: str):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_make_promises_no_target_that_it_does_not_have():
    makefile = (ROOT / "Makefile").read_text()
    [promised] = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert set(promised.split()) == set(re.findall(r"^(\w+):(?!=)", makefile, re.MULTILINE))


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_every_link_leads_somewhere(link: str):
    assert (ROOT / link).exists()


def test_the_demo_excerpt_shows_an_answer_and_a_hand_over():
    excerpt = README.partition("What `make demo` prints")[2].partition("## Your own folder")[0]
    assert "answer, confidence" in excerpt
    assert "I could not find an approved answer" in excerpt
