"""Realistic trouble on request: what a cloud does to its users on a bad day, asked for and seen to happen."""
