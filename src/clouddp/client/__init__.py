"""The client: finds, downloads, verifies, decrypts and caches content."""
