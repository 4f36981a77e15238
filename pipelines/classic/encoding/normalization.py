"""Normalizations of encodings: signed power, L2, and L2 within each component."""

from __future__ import annotations

import torch


def signed_power(encodings: torch.Tensor) -> torch.Tensor:
    """sign(z) |z|^(1/2), element by element. Source: Perronnin, Sanchez, Mensink, ECCV 2010, eq. 9."""
    return encodings.abs().sqrt_().copysign_(encodings)


def l2_normalize(encodings: torch.Tensor, *, out: torch.Tensor | None = None) -> torch.Tensor:
    """Scale each row (..., d) to unit Euclidean length; a row of zeros stays a row of zeros."""
    norms = torch.linalg.vector_norm(encodings, dim=-1, keepdim=True)
    return torch.div(encodings, torch.where(norms > 0, norms, 1.0), out=out)


def intra_normalize(encodings: torch.Tensor, n_components: int) -> torch.Tensor:
    """Scale each component's part of each row to unit length: (n, n_components * d), component after component.

    So no component that fires often ("burstiness") outweighs the others. Zero parts stay zero.
    Raises ValueError if the width is not a multiple of n_components.
    Source: Arandjelovic, Zisserman, CVPR 2013.
    """
    if encodings.shape[-1] % n_components:
        raise ValueError(f"encodings must have a multiple of {n_components} columns, got {encodings.shape[-1]}")
    parts = encodings.unflatten(-1, (n_components, encodings.shape[-1] // n_components))
    return l2_normalize(parts).flatten(-2)
