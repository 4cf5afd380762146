"""Means over videos of which several come from one source, and how sure one can be of them."""

# Dimensions: V videos.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

COVERAGE = 0.95


@dataclass(frozen=True, slots=True)
class Clusters:
    """`of`: (V,) which source a video is from, 0 to `count` - 1. `weights`: (V,) of sum 1."""

    of: NDArray[np.intp]
    count: int
    weights: Doubles

    @classmethod
    def by(cls, groups: Sequence[str], weights: Doubles) -> Clusters:
        """`groups`: of each video the name of its source. What has no weight is no source."""
        _, of = np.unique(np.array(groups), return_inverse=True)
        return cls(of, len(np.unique(of[weights > 0])), weights)

    def mean(self, values: Doubles) -> Doubles:
        """(..., V) -> (...)."""
        return np.asarray(values @ self.weights)

    def standard_error(self, values: Doubles) -> Doubles:
        """(..., V) -> (...), of the weighted mean; linearised, with whole sources as the units
        that were drawn (Cochran, Sampling Techniques, 3rd ed., ch. 9 and 6). Infinite for one."""
        if self.count < 2:
            return np.full(values.shape[:-1], np.inf)
        apart = self.weights * (values - self.mean(values)[..., None])
        sums = np.stack([apart[..., self.of == one].sum(-1) for one in range(self.of.max() + 1)])
        return np.asarray(np.sqrt((sums**2).sum(0) * self.count / (self.count - 1)))

    def effective_number(self, values: Doubles) -> float:
        """As how many independent videos the (V,) 0..1 values are worth: p (1 - p) over the
        squared error of their mean (Kish, 1965), but at most the number of sources, and what the
        weights leave. Among few wrong answers how alike a source's videos are is anybody's guess,
        and the guess that they are not makes promises that other sources break."""
        most = min(self.count, 1 / float((self.weights**2).sum()))
        mean, error = float(self.mean(values)), float(self.standard_error(values))
        if not 1e-9 < mean < 1 - 1e-9 or error == 0:
            return most
        return min(most, max(1.0, mean * (1 - mean) / error**2))


def wilson_interval(share: float, number: float, coverage: float = COVERAGE) -> tuple[float, float]:
    """Of a share of `number` independent trials (Wilson, 1927), within 0..1."""
    z = NormalDist().inv_cdf((1 + coverage) / 2)
    scale = 1 + z * z / number
    middle = (share + z * z / (2 * number)) / scale
    half = z / scale * sqrt(share * (1 - share) / number + z * z / (4 * number * number))
    return max(0.0, middle - half), min(1.0, middle + half)


def prediction_interval(share: float, number: float) -> tuple[float, float]:
    """Where the share of as many other trials should lie, of a share of `number` trials, within
    0..1.

    Both shares are uncertain, by one probability: their mean is one of twice as many trials, whose
    score interval is Wilson's (after Krishnamoorthy and Peng, 2011).
    """
    low, high = wilson_interval(share, 2 * number)
    return max(0.0, 2 * low - share), min(1.0, 2 * high - share)


def student_quantile(probability: float, degrees: int) -> float:
    """Of Student's t: two terms of Abramowitz and Stegun's expansion 26.7.5, within 1 % from five
    degrees of freedom on."""
    z = NormalDist().inv_cdf(probability)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first / degrees + second / degrees**2
