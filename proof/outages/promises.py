"""What the proofs of outages promise: counts that have to be zero, each with the sentence that it breaks."""

from collections.abc import Mapping

from proof.frame.results import Figures


def broken_of(figures: Figures, promises: Mapping[str, str]) -> list[str]:
    """Return the sentences of the counts that are not zero, for each outage."""
    return [
        f"{name}: {counts[of]} {sentence}"
        for name, counts in figures.counts.items()
        for of, sentence in promises.items()
        if counts[of]
    ]
