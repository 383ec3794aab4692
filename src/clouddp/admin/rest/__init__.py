"""The administration service: REST over HTTPS."""
