"""jenk: complete session management for Django."""

__version__ = "0.1.0"
