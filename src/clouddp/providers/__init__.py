"""Clouds that can host a distribution point, one plugin each."""
