"""Cloud-based distribution points: encrypted content in a cloud, for clients anywhere."""
