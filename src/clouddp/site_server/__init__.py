"""The site's use cases and its desired state."""
