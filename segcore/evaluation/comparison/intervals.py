"""Intervals of a difference between two models that were scored on the same groups of images.

The delete-one jackknife (Tukey 1958; Efron and Tibshirani, "An Introduction to the Bootstrap",
1993, chapter 11) with Student's t. It holds its level with few groups, where percentiles of a
bootstrap are too narrow: docs/scores.md has both measured.
"""

import numpy as np

Interval = tuple[float, float]

LARGEST_AUTOCORRELATION = 0.8


def interval(
    delta: float, without: np.ndarray, shares: np.ndarray, confidence: float, is_series: bool
) -> Interval:
    """The two-sided confidence interval of a difference.

    Args:
        delta: the difference over all groups.
        without: (G,) the same without each of the groups.
        shares: (G,) how much of the scored pixels each group holds; they add up to 1, and their
            `effective_groups` are 2 or more.
        confidence: such as 0.95.
        is_series: whether groups follow each other in one film, so that neighbours are alike.
    """
    error = jackknife_error(without)
    if is_series:
        error *= series_factor(without)
    # Unequal groups count for fewer equal ones (Kish, "Survey Sampling", 1965, section 8.2;
    # Carter, Schnepel and Steigerwald, "Asymptotic Behavior of a t-Test Robust to Cluster
    # Heterogeneity", Review of Economics and Statistics 2017).
    reach = t_quantile(confidence, effective_groups(shares) - 1) * error
    return delta - reach, delta + reach


def effective_groups(shares: np.ndarray) -> float:
    """How many equal groups tell as much as groups of these shares (G,): 1 / sum of squares."""
    return float(1 / (shares**2).sum())


def jackknife_error(without: np.ndarray) -> float:
    """Standard error of a figure, from the same without each of its (G,) groups."""
    spread = without - without.mean()
    return float(np.sqrt((len(without) - 1) / len(without) * (spread**2).sum()))


def series_factor(without: np.ndarray) -> float:
    """How much larger the standard error is because neighbouring groups are alike.

    By the autocorrelation of neighbours r, sqrt((1 + r) / (1 - r)), as for a series of first order
    (Steiger et al., "ASAP3", ACM Transactions on Modeling and Computer Simulation 2005); so few
    groups underestimate it by 1 / G.
    """
    spread = without - without.mean()
    total = (spread**2).sum()
    if not total:
        return 1.0
    r = (spread[1:] * spread[:-1]).sum() / total + 1 / len(without)
    r = min(max(r, 0.0), LARGEST_AUTOCORRELATION)
    return float(np.sqrt((1 + r) / (1 - r)))


_ANGLES = np.linspace(0, np.pi / 2, 2049)


def t_quantile(confidence: float, degrees: float) -> float:
    """What Student's t exceeds on either side with a chance of 1 - confidence.

    t is sqrt(degrees) tan(angle), where the angle has a density of cos(angle)^(degrees - 1).

    Args:
        confidence: from 0 to below 1.
        degrees: of freedom, 1 or more; need not be whole.
    """
    density = np.cos(_ANGLES) ** (degrees - 1)
    below = np.append(0, np.cumsum(density[1:] + density[:-1]))
    return float(np.sqrt(degrees) * np.tan(np.interp(confidence * below[-1], below, _ANGLES)))
