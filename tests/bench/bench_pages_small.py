"""List and search pages at 20,000 households."""

from tests.bench import pages
from tests.bench.harness import Figure


def measure() -> list[Figure]:
    """Measure at the size of one city's demonstration."""
    return pages.measure(20_000, aim=60)
