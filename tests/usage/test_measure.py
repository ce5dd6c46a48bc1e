"""Whether usage is measured in calls or in tokens."""

import pytest

from dashboard.usage.measure import choose_measure


@pytest.mark.parametrize(
    ("sums", "measure", "incomplete"),
    [
        pytest.param([], "calls", False, id="nothing"),
        pytest.param([(5, None), (0, 9)], "calls", False, id="all have calls"),
        pytest.param([(None, 5), (None, 7)], "tokens", False, id="none has calls"),
        pytest.param([(None, 5), (None, None)], "tokens", True, id="none has calls, one has nothing"),
        pytest.param([(3, 30), (None, 7)], "tokens", False, id="some have calls, all have tokens"),
        pytest.param([(3, None), (None, 7)], "calls", True, id="no measure that all have"),
    ],
)
def test_the_measure_that_leaves_out_least_is_chosen(sums, measure, incomplete):
    assert choose_measure(sums) == (measure, incomplete)
