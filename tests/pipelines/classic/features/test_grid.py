import pytest
import torch

from bakeoff.pipelines.classic.features.grid import bins_by_window, own_bins, shared_bins, window_centers


@pytest.mark.parametrize(("bin_size", "stride"), [(4, 2), (3, 2), (2, 3), (5, 5), (6, 4)])
@pytest.mark.parametrize("arrange", [shared_bins, own_bins])
def test_bins_by_window_are_the_starts_plus_whole_bins(arrange, bin_size, stride):
    bins = arrange(40, window_size=4 * bin_size, bin_size=bin_size, stride=stride)
    places = bins_by_window(torch.tensor(bins.places), 0, bins)
    expected = torch.arange(0, 40 - 4 * bin_size + 1, stride)[:, None] + torch.arange(4) * bin_size
    torch.testing.assert_close(places, expected)


def test_bins_by_window_splits_a_middle_dimension():
    bins = shared_bins(9, window_size=8, bin_size=2, stride=1)
    values = torch.arange(2 * len(bins.places) * 3).view(2, -1, 3)
    windows = bins_by_window(values, 1, bins)
    assert windows.shape == (2, 2, 4, 3)
    torch.testing.assert_close(windows[1, 1, 2], values[1, 1 + 2 * 2])


def test_window_centers_run_row_by_row():
    centers = window_centers(5, 6, window_size=4, stride=1)
    assert centers.tolist() == [[1.5, 1.5], [2.5, 1.5], [3.5, 1.5], [1.5, 2.5], [2.5, 2.5], [3.5, 2.5]]


def test_no_window_is_an_error_with_both_sizes():
    with pytest.raises(ValueError, match="at least 8 x 8 pixels for one descriptor, got 7 x 9"):
        window_centers(7, 9, window_size=8, stride=1)
