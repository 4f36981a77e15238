import numpy as np
import pytest

from bakeoff.pipelines.machine.stopwatch import SECONDS, SINGLE_TRIALS, measure_latency

IMAGES = np.zeros((500, 2, 2, 1), np.uint8)


class SlowModel:
    """Takes `fixed` seconds a call and `each` a picture, by a clock of its own."""

    def __init__(self, fixed: float, each: float) -> None:
        self.fixed, self.each = fixed, each
        self.now, self.calls = 0.0, []

    def predict_scores(self, images):
        self.calls.append(len(images))
        self.now += self.fixed + self.each * len(images)
        return np.zeros((len(images), 2), np.float32)


@pytest.mark.parametrize(("fixed", "each"), [(0.001, 0.001), (0.5, 0.1), (3.0, 0.0), (0.0, 0.0001)])
def test_tells_the_seconds_of_one_and_the_rate_of_many(fixed, each):
    model = SlowModel(fixed, each)
    told = measure_latency(model.predict_scores, IMAGES, lambda: model.now)
    n = model.calls[-1]
    assert told["single_picture_seconds"] == pytest.approx(fixed + each)
    assert told["pictures_per_second"] == pytest.approx(n / (fixed + each * n))
    assert len(model.calls) <= SINGLE_TRIALS + 2
    assert model.now <= max(3 * SECONDS, 3 * (fixed + each)) + 1e-9


def test_few_pictures_are_enough():
    model = SlowModel(0.001, 0.0)
    measure_latency(model.predict_scores, IMAGES[:1], lambda: model.now)
    assert set(model.calls) == {1}
