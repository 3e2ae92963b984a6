"""Tests: a mirror of both packages."""
