import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval import metrics

confidences = st.lists(st.floats(0, 1), min_size=1, max_size=30)
labelled = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40)


class TestRetrieval:
    ranking = ("a", "b", "c", "d")

    def test_a_hit_counts_up_to_the_depth_and_not_beyond(self):
        assert metrics.hit_at(1, self.ranking, {"b"}) == 0.0
        assert metrics.hit_at(2, self.ranking, {"b"}) == 1.0

    def test_the_reciprocal_rank_is_that_of_the_first_gold_document(self):
        assert metrics.reciprocal_rank(self.ranking, {"c", "d"}) == pytest.approx(1 / 3)
        assert metrics.reciprocal_rank(self.ranking, {"x"}) == 0.0

    def test_ndcg_by_hand(self):
        # Gold at places 1 and 3 of three gold documents: (1 + 1/2) / (1 + 0.6309 + 0.5).
        assert metrics.ndcg_at(10, self.ranking, {"a", "c", "x"}) == pytest.approx(
            1.5 / (1 + 1 / math.log2(3) + 0.5)
        )

    def test_ndcg_is_one_for_the_best_order_even_when_gold_exceeds_the_depth(self):
        assert metrics.ndcg_at(2, self.ranking, {"a", "b", "c"}) == pytest.approx(1.0)

    @settings(deadline=None)
    @given(st.permutations("abcdef"), st.sets(st.sampled_from("abcdefgh")), st.integers(1, 8))
    def test_every_measure_lies_between_nothing_and_one(self, ranking, gold, k):
        for value in (
            metrics.hit_at(k, ranking, gold),
            metrics.reciprocal_rank(ranking, gold),
            metrics.ndcg_at(k, ranking, gold),
        ):
            assert 0.0 <= value <= 1.0 + 1e-12


class TestCitations:
    def test_only_the_first_citation_counts_as_first(self):
        assert metrics.first_citation_right(("b", "a"), {"a"}) == 0.0
        assert metrics.any_citation_right(("b", "a"), {"a"}) == 1.0

    def test_without_citations_nothing_is_right(self):
        assert metrics.first_citation_right((), {"a"}) == 0.0
        assert metrics.any_citation_right((), {"a"}) == 0.0

    def test_the_share_of_gold_that_is_cited(self):
        assert metrics.gold_cited(("a", "a", "z"), {"a", "b"}) == 0.5

    def test_a_gold_quote_inside_a_longer_citation_is_hit(self):
        cited = "Before that:\n\nMasked copies are\ndeleted automatically after 60 days. And more."
        assert metrics.quote_hit("Masked copies are deleted automatically after 60 days.", cited)

    def test_a_citation_inside_a_longer_gold_quote_is_hit(self):
        assert metrics.quote_hit("A file may have up to 80,000 rows in 25.2", "up to 80,000 rows")

    def test_a_table_cell_is_found_across_its_bars(self):
        assert metrics.quote_hit("Silver 15 percent", "| Silver | 15 percent | 10 percent |")

    def test_a_few_shared_words_are_no_hit(self):
        assert not metrics.quote_hit(
            "The invoice is sent on the first day of the month",
            "The invoice is archived by the auditor after ten years have passed",
        )

    def test_an_empty_quote_hits_nothing(self):
        assert metrics.quote_hit("", "anything") == 0.0

    def test_a_quote_is_exact_only_at_its_place(self):
        assert metrics.is_exact("bc", "abcd", 1, 3) == 1.0
        assert metrics.is_exact("bc", "abcd", 0, 2) == 0.0
        assert metrics.is_exact("", "abcd", 0, 0) == 0.0


class TestWords:
    def test_function_words_links_and_markers_do_not_count(self):
        text = "See the [Payments page](https://example.org/pay) of your site [1]."
        assert metrics.content_words(text) == {"see", "payments", "page", "site"}

    def test_recall_by_hand(self):
        assert metrics.content_word_recall("sixty masked copies", "Copies vanish: SIXTY") == (
            pytest.approx(2 / 3)
        )

    def test_a_reference_without_content_words_misses_nothing(self):
        assert metrics.content_word_recall("it is what it is", "") == 1.0

    @settings(deadline=None)
    @given(st.text(max_size=80), st.text(max_size=80))
    def test_saying_more_never_lowers_recall(self, reference, answer):
        more = f"{answer} {reference}"
        assert metrics.content_word_recall(reference, answer) <= metrics.content_word_recall(
            reference, more
        )


class TestAuroc:
    def test_by_hand_with_a_tie(self):
        # Pairs: .9>.1, .9>.5, .5>.1, .5=.5: (3 + .5) / 4.
        assert metrics.auroc([0.9, 0.5], [0.1, 0.5]) == pytest.approx(0.875)

    def test_one_side_missing_is_not_a_number(self):
        assert math.isnan(metrics.auroc([], [0.3]))
        assert math.isnan(metrics.auroc([0.3], []))

    @settings(deadline=None)
    @given(confidences, confidences)
    def test_it_is_the_share_of_pairs_in_order(self, positives, negatives):
        wins = sum((p > n) + (p == n) / 2 for p in positives for n in negatives)
        expected = wins / (len(positives) * len(negatives))
        assert metrics.auroc(positives, negatives) == pytest.approx(expected)

    @settings(deadline=None)
    @given(confidences, confidences)
    def test_swapping_the_sides_gives_the_complement(self, positives, negatives):
        one = metrics.auroc(positives, negatives)
        assert one + metrics.auroc(negatives, positives) == pytest.approx(1.0)


class TestRiskAndCoverage:
    def test_the_curve_by_hand(self):
        curve = metrics.risk_coverage([0.9, 0.8, 0.8, 0.1], [True, True, False, False])
        assert [(p.threshold, p.coverage, p.risk) for p in curve] == [
            (0.9, 0.25, 0.0),
            (0.8, 0.75, pytest.approx(1 / 3)),
            (0.1, 1.0, 0.5),
        ]

    def test_the_area_by_hand(self):
        curve = metrics.risk_coverage([0.9, 0.8, 0.8, 0.1], [True, True, False, False])
        assert metrics.area_under_risk(curve) == pytest.approx(0.5 * (1 / 3) + 0.25 * 0.5)

    def test_risk_at_a_coverage_is_that_of_the_first_point_beyond(self):
        curve = metrics.risk_coverage([0.9, 0.8, 0.8, 0.1], [True, True, False, False])
        assert metrics.risk_at(0.5, curve) == pytest.approx(1 / 3)
        assert math.isnan(metrics.risk_at(0.5, ()))

    @settings(deadline=None)
    @given(labelled)
    def test_full_coverage_has_the_overall_risk(self, pairs):
        confidence, right = zip(*pairs, strict=True)
        last = metrics.risk_coverage(confidence, right)[-1]
        assert last.coverage == pytest.approx(1.0)
        assert last.risk == pytest.approx(right.count(False) / len(right))


class TestReliability:
    def test_bins_by_hand(self):
        bins = metrics.reliability([0.72, 0.78, 0.1, 1.0], [True, False, False, True])
        assert [(one.low, one.cases, one.confidence, one.right) for one in bins] == [
            (0.1, 1, 0.1, 0.0),
            (0.7, 2, pytest.approx(0.75), 0.5),
            (0.9, 1, 1.0, 1.0),
        ]

    @given(labelled)
    def test_every_case_is_in_one_bin(self, pairs):
        confidence, right = zip(*pairs, strict=True)
        bins = metrics.reliability(confidence, right)
        assert sum(one.cases for one in bins) == len(pairs)
        assert all(one.low - 1e-9 <= one.confidence <= one.high + 1e-9 for one in bins)


class TestCalibration:
    def test_brier_by_hand(self):
        assert metrics.brier([0.8, 0.3], [True, False]) == pytest.approx((0.04 + 0.09) / 2)

    def test_ece_by_hand(self):
        # Bin .7-.8: mean .75, half right, two cases; bin .1-.2: mean .1, none right, one case.
        assert metrics.expected_calibration_error(
            [0.72, 0.78, 0.1], [True, False, False]
        ) == pytest.approx((2 * 0.25 + 0.1) / 3)

    def test_certainty_falls_into_the_last_bin(self):
        assert metrics.expected_calibration_error([1.0, 0.95], [True, True]) == pytest.approx(0.025)

    def test_nothing_is_not_a_number(self):
        assert math.isnan(metrics.brier([], []))
        assert math.isnan(metrics.expected_calibration_error([], []))

    def test_a_calibrated_guesser_has_a_small_error_and_a_boaster_a_large_one(self):
        draw = random.Random(3)
        confidence = [draw.random() for _ in range(4000)]
        right = [draw.random() < p for p in confidence]
        boast = [0.5 + p / 2 for p in confidence]
        assert metrics.expected_calibration_error(confidence, right) < 0.04
        assert metrics.expected_calibration_error(boast, right) > 0.2

    @settings(deadline=None)
    @given(labelled)
    def test_errors_lie_between_nothing_and_one(self, pairs):
        confidence, right = zip(*pairs, strict=True)
        for error in (
            metrics.brier(confidence, right),
            metrics.expected_calibration_error(confidence, right),
        ):
            assert -1e-12 <= error <= 1.0 + 1e-12
