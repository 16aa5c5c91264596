"""Notification's own tables, how they are read and written, and its template files."""
