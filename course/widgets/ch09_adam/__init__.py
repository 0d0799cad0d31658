"""x."""

from .optimiser_race import optimiser_race

__all__ = ["optimiser_race"]
