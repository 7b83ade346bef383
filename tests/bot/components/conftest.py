"""These tests run in the engine's environment."""

from tests.engine.plugin import pytest_pycollect_makemodule

__all__ = ["pytest_pycollect_makemodule"]
