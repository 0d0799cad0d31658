"""x"""

from .landscapes import landscapes

__all__ = ["landscapes"]
