"""Fixtures of the long runs: what the end-to-end tests use as well."""

from endtoend.conftest import bin_dir, private_dir  # noqa: F401
