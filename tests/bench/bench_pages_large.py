"""List and search pages at 1,000,000 households."""

from tests.bench import pages
from tests.bench.harness import Figure


def measure() -> list[Figure]:
    """Measure at the size of a province."""
    return pages.measure(1_000_000, aim=120)
