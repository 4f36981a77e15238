"""A subspace of weights that several classes search together, with the scores of all rows along its directions.

Once the scores of a direction are known, a class can move along it without another pass over the features. So a
direction that one class needed is offered to all of them, and is never forgotten: k classes that add a gradient each
search a space of k * steps directions, as block Krylov methods do, which takes far fewer steps than k searches.
"""

from dataclasses import dataclass

import torch

from bakeoff.pipelines.classic.matrix.feature_matrix import FeatureMatrix

MOST_DIRECTIONS = 320  # beyond, the space shrinks to what the classes have reached, and the latest half
# Of a candidate's squared length, outside the space: less is rounding, or a multiple of another candidate.
LEAST_NEW = 1e-6
FLOAT32_SPREAD = 1e3  # of scales: beyond, float32 inner products might make the metric of small ones negative
# The columns' scale is that of at most so many runs of so many rows, evenly spread: it need not be exact.
SCALE_RUNS, SCALE_RUN = 64, 16
BAND = 10.0  # times and parts of the median: within it scaling costs more steps than it saves


@dataclass
class DirectionSpace:
    """directions: float32 (q, d + 1), orthonormal rows.   scores: float32 (n, q), of all rows along each.

    scale: float32 (d + 1,), of the columns: what is called weights here are the SVM's own, divided by it.
    metric: float64 (q, q), the inner products of the SVM's own weights along the directions.
    """

    directions: torch.Tensor
    scores: torch.Tensor
    scale: torch.Tensor
    metric: torch.Tensor

    def coordinates(self, weights: torch.Tensor) -> torch.Tensor:
        """(m, d + 1) -> (m, q)."""
        return weights @ self.directions.T

    def outside(self, rows: torch.Tensor) -> torch.Tensor:
        """What of the rows (m, d + 1) no direction reaches; a second round removes what rounding left in the first."""
        if len(self.directions) == len(self.scale):
            return torch.zeros_like(rows)
        for _ in range(2):
            rows = rows - self.coordinates(rows) @ self.directions
        return rows

    def new_in(self, candidates: torch.Tensor) -> torch.Tensor:
        """Orthonormal rows that span what is new in the candidates (m, d + 1): (at most m, d + 1)."""
        lengths = torch.linalg.vector_norm(candidates, dim=1, keepdim=True)
        rows = candidates[lengths[:, 0] > 0] / lengths[lengths[:, 0] > 0]
        for _ in range(2):
            rows = self.outside(rows)
            values, vectors = torch.linalg.eigh((rows @ rows.T).double())
            kept = values > LEAST_NEW
            rows = (vectors[:, kept] / values[kept].sqrt()).T.float() @ rows
        return rows

    def add(self, directions: torch.Tensor, scores: torch.Tensor) -> None:
        """directions: (m, d + 1), of `new_in`.   scores: (n, m)."""
        self.directions = torch.cat([self.directions, directions])
        self.scores = torch.cat([self.scores, scores], dim=1)
        unit = self.scale.max()  # a scale of 1e-20 has no square in float32
        dtype = torch.float64 if unit > FLOAT32_SPREAD * self.scale.min() else torch.float32
        squares = (self.scale / unit).to(dtype).square()
        new = ((self.directions * squares) @ directions.T.to(dtype)).double() * unit.double().square()
        across, within = new[: -len(directions)], new[-len(directions) :]
        self.metric = torch.cat([torch.cat([self.metric, across], 1), torch.cat([across.T, within], 1)])

    def shrink(self, reached: torch.Tensor) -> None:
        """Make room if there are too many directions; reached: coordinates (m, q) that must remain."""
        q = len(self.directions)
        if q > MOST_DIRECTIONS:
            latest = torch.eye(q, device=reached.device)[-(MOST_DIRECTIONS // 2) :]
            rotation = torch.linalg.qr(torch.cat([reached.float(), latest]).T).Q  # (q, fewer)
            self.directions, self.scores = rotation.T @ self.directions, self.scores @ rotation
            self.metric = rotation.double().T @ self.metric @ rotation.double()


def empty_space(n_rows: int, scale: torch.Tensor) -> DirectionSpace:
    """No direction yet. scale: float32 (d + 1,)."""
    return DirectionSpace(
        scale.new_zeros(0, len(scale)), scale.new_zeros(n_rows, 0), scale, scale.new_zeros(0, 0, dtype=torch.float64)
    )


def column_scale(features: FeatureMatrix, cost: float) -> torch.Tensor:
    """float32 (d + 1,): what brings the columns into a band about the median of h_j = (1 + 2 cost sum_i x_ij^2)^(1/2).

    h_j^2 is the most that f can bend along weight j. Columns within the band, as image features have them, stay as they
    are to each other; a feature in millimeters beside one in kilometers does not. The sum is that of a few rows. The
    bias is treated as if its square were spread over all columns: it is like the rest where rows have unit length.
    """
    n, d = features.shape
    squares, n_seen = torch.zeros(d, dtype=torch.float64, device=features.device), 0
    for start in range(0, n, max(SCALE_RUN, n // SCALE_RUNS)):
        rows = features[start : start + SCALE_RUN].double()
        squares, n_seen = squares + rows.square().sum(dim=0), n_seen + len(rows)
    squares = torch.cat([squares / n_seen, squares.new_tensor([1 / d])])
    bends = (1 + 2 * cost * n * squares).sqrt()
    return (1 / bends.median() * (bends / bends.median()).clamp(1 / BAND, BAND) * bends.median() / bends).float()
