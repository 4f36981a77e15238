import numpy as np
import pytest

from bakeoff.pipelines.classic.pipeline import choose_fusion_weights
from bakeoff.pipelines.classic.system.classic_model import fuse_scores


def systems(qualities: tuple[float, ...], n: int = 600, k: int = 5) -> tuple[list[np.ndarray], np.ndarray]:
    """Systems with independent noise; the higher the quality, the larger the score of the true class."""
    generator = np.random.default_rng(0)
    labels = generator.integers(k, size=n)
    truth = np.eye(k)[labels]
    return [quality * truth + generator.normal(size=(n, k)) for quality in qualities], labels


def accuracy(scores, weights, labels):
    return (fuse_scores(scores, weights).argmax(axis=1) == labels).mean()


def shares_of(weights, scores):
    """What was chosen, for scores of deviation 1."""
    return weights * [max(system.std(), np.finfo(np.float32).tiny) for system in scores]


def test_fused_scores_are_the_weighted_sum():
    weights = np.array([2.0, 0.5], np.float32)
    fused = fuse_scores([np.array([[1.0, 2.0]]), np.array([[4.0, -2.0]])], weights)
    np.testing.assert_array_equal(fused, [[4.0, 3.0]])
    assert fused.dtype == np.float32


def test_the_only_right_system_gets_the_say_by_hand():
    labels = np.array([0, 1, 0, 1])
    right = np.array([[1.0, -1.0], [-1.0, 1.0]] * 2)
    chosen = choose_fusion_weights([right, -3 * right], labels)  # shares above 1/2 on the first are right
    assert accuracy([right, -3 * right], chosen, labels) == 1
    # right has deviation 1 and -3 * right has 3: weights are shares over deviations, and ties go to the nearest 1/2
    np.testing.assert_allclose(chosen, [0.51, 0.49 / 3], rtol=1e-6)


@pytest.mark.parametrize("qualities", [(2.0, 0.7), (1.0, 0.0), (1.5, 1.0, 0.5), (1.0, 1.0, 0.8, 0.3)])
def test_is_at_least_as_good_as_the_plain_sum_and_every_system_alone(qualities):
    scores, labels = systems(qualities)
    chosen = choose_fusion_weights(scores, labels)
    alone = [(system.argmax(axis=1) == labels).mean() for system in scores]
    plain = np.array([1 / system.std() for system in scores], np.float32)
    assert accuracy(scores, chosen, labels) >= max(*alone, accuracy(scores, plain, labels))
    assert shares_of(chosen, scores).sum() == pytest.approx(1)
    assert (chosen >= 0).all()


def test_is_the_best_of_a_slow_search_over_two_systems():
    scores, labels = systems((2.0, 0.7))
    first, second = (system / system.std() for system in scores)
    accuracies = [((t * first + (100 - t) * second).argmax(axis=1) == labels).mean() for t in range(101)]
    assert accuracy(scores, choose_fusion_weights(scores, labels), labels) == max(accuracies)


def test_neither_scale_nor_shift_of_a_system_changes_predictions():
    scores, labels = systems((1.0, 0.8))
    plain = choose_fusion_weights(scores, labels)
    moved = [100 * scores[0] + 7, scores[1]]
    chosen = choose_fusion_weights(moved, labels)
    np.testing.assert_allclose(shares_of(chosen, moved), shares_of(plain, scores), rtol=1e-6)
    np.testing.assert_array_equal(fuse_scores(moved, chosen).argmax(axis=1), fuse_scores(scores, plain).argmax(axis=1))


def test_one_system_and_equal_systems_keep_equal_shares():
    (system,), labels = systems((1.0,))
    for n in (1, 3):
        chosen = choose_fusion_weights([system] * n, labels)
        np.testing.assert_allclose(shares_of(chosen, [system] * n), [1 / n] * n, rtol=1e-6)


def test_constant_scores_do_no_harm():
    (system,), labels = systems((1.0,))
    chosen = choose_fusion_weights([system, np.zeros_like(system)], labels)
    assert accuracy([system, np.zeros_like(system)], chosen, labels) == (system.argmax(axis=1) == labels).mean()
    assert np.isfinite(fuse_scores([system, np.zeros_like(system)], chosen)).all()


@pytest.mark.parametrize(
    ("scores", "n_labels", "message"),
    [
        ([], 4, "one array"),
        ([np.zeros((4, 2)), np.zeros((4, 3))], 4, r"got shapes \[\(4, 2\), \(4, 3\)\]"),
        ([np.zeros(4)], 4, "one array"),
        ([np.zeros((4, 2))], 3, r"shape \(4,\), at least one, to match the scores, got \(3,\)"),
        ([np.zeros((0, 2))], 0, "at least one"),
        ([np.full((4, 2), np.nan)], 4, "finite"),
    ],
)
def test_names_what_is_wrong(scores, n_labels, message):
    with pytest.raises(ValueError, match=message):
        choose_fusion_weights(scores, np.zeros(n_labels, dtype=int))


def test_fusing_wants_as_many_systems_as_weights():
    chosen = choose_fusion_weights([np.eye(2)], np.array([0, 1]))
    with pytest.raises(ValueError, match="1 systems to match the weights, got 2"):
        fuse_scores([np.eye(2), np.eye(2)], chosen)
