"""Durable workflows: small named steps that survive a crash."""
