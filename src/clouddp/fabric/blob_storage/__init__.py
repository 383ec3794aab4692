"""The fabric's Blob storage: REST over TLS, guarded by keys, kept as files."""
