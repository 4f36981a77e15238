"""Normalizations of encodings: signed power and L2."""

from __future__ import annotations

import torch


def signed_power(encodings: torch.Tensor) -> torch.Tensor:
    """sign(z) |z|^(1/2), element by element. Source: Perronnin, Sanchez, Mensink, ECCV 2010, eq. 9."""
    return encodings.abs().sqrt_().copysign_(encodings)


def l2_normalize(encodings: torch.Tensor, *, out: torch.Tensor | None = None) -> torch.Tensor:
    """Scale each row (..., d) to unit Euclidean length; a row of zeros stays a row of zeros."""
    norms = torch.linalg.vector_norm(encodings, dim=-1, keepdim=True)
    return torch.div(encodings, torch.where(norms > 0, norms, 1.0), out=out)
