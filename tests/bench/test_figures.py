import math

from bench.figures import Board, Figure


def test_a_figure_holds_at_its_bound_and_not_beyond():
    assert Figure(name="x", value=0.93, at_least=0.93).holds
    assert not Figure(name="x", value=0.929, at_least=0.93).holds
    assert Figure(name="x", value=0.15, at_most=0.15).holds
    assert not Figure(name="x", value=0.151, at_most=0.15).holds


def test_what_is_not_a_number_never_holds_what_was_asked_for():
    assert not Figure(name="x", value=math.nan, at_least=0.5).holds
    assert Figure(name="x", value=math.nan).holds


def test_the_board_ends_with_what_falls_short(capsys):
    board = Board()
    board.add("fine", 1.0, at_least=0.5)
    board.add("poor", 0.1, at_least=0.5)
    board.add("told", 3.0)
    board.close()
    last = capsys.readouterr().out.splitlines()[-2:]
    assert last[0] == "1 of 2 figures hold what was asked for"
    assert last[1].split()[0] == "poor"
    assert last[1].endswith("SHORT)")
