"""Fixtures of the tests that disturb the real daemon."""

import pathlib
import shutil
import tempfile

import pytest

# What the end-to-end tests use as well.
from endtoend.conftest import bin_dir, keys_on, private_dir  # noqa: F401


@pytest.fixture(scope="module")
def short_dir():
    """A folder for all tests of a module, with a path short enough for Unix sockets."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ok-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
