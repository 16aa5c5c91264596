"""Decisions of finance as pure functions."""
