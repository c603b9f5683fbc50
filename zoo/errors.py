"""The base of the package's own errors."""

from __future__ import annotations


class ZooError(Exception):
    """Base of every error that this package raises on purpose."""


class ArgumentError(ZooError, ValueError):
    """A function cannot take what it was given; the message says what it expected."""


class RegistrationError(ZooError, ValueError):
    """A model, cell, scheme or recipe cannot have this name."""
