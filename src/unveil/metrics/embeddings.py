"""Distances between embeddings, the vectors that a network describes images by.

What a distance means depends on the network: dlib's tells people apart
(:mod:`unveil.faces.embedder`), VGG16's features say what an image shows.
"""

import numpy as np

from unveil.errors import UsageError


def cosine(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the cosine between the embeddings of each pair, ``N`` float64 from -1 to 1.

    Args:
        one: ``N x D``.
        other: of the same shape.

    Raises:
        UsageError: the shapes differ.

    Examples:
        >>> cosine(np.array([[3.0, 4.0]]), np.array([[4.0, 3.0]])).round(2).tolist()
        [0.96]
    """
    _check(one, other, same_count=True)
    one, other = one.astype(np.float64), other.astype(np.float64)
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    cosines: np.ndarray = (one * other).sum(axis=1) / np.maximum(lengths, 1e-12)
    return cosines


def frechet_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Return the Fréchet distance of two sets of embeddings, each taken as a normal distribution.

    ``|m1 - m2|^2 + trace(C1 + C2 - 2 (C1 C2)^(1/2))`` (D. C. Dowson and B. V. Landau, 1982), as M.
    Heusel et al. compare sets of images by Inception's features (2017). It does not ask which image
    became which. From few images it comes out too large: compare only sets of equal numbers.

    Args:
        one: ``N x D``, at least 2 rows.
        other: ``M x D``, at least 2 rows.

    Returns:
        0 for equal sets; in the square of the embeddings' unit.

    Raises:
        UsageError: other shapes.

    Examples:
        >>> line = np.array([[0.0], [2.0]])
        >>> frechet_distance(line, line + 3)
        9.0
    """
    _check(one, other)
    means = one.mean(axis=0, dtype=np.float64) - other.mean(axis=0, dtype=np.float64)
    covariances = [np.atleast_2d(np.cov(rows, rowvar=False)) for rows in (one, other)]
    root = _root(covariances[0])
    # The trace of the root of C1 C2 is that of a symmetric matrix with the same eigenvalues.
    shared = np.linalg.eigvalsh(root @ covariances[1] @ root).clip(min=0)
    spread = np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * np.sqrt(shared).sum()
    return max(float(means @ means + spread), 0.0)


def _root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    root: np.ndarray = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    return root


def _check(one: np.ndarray, other: np.ndarray, *, same_count: bool = False) -> None:
    shapes = one.shape, other.shape
    alike = one.ndim == other.ndim == 2 and one.shape[1] == other.shape[1]
    enough = shapes[0] == shapes[1] if same_count else min(len(one), len(other)) >= 2
    if not (alike and enough):
        wanted = "N x D each" if same_count else "N x D and M x D, at least 2 rows"
        raise UsageError(f"embeddings are {wanted}, not {shapes[0]} and {shapes[1]}.")
