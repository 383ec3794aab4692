"""Logs and correlation."""
