"""The content format, pure: chunks, keys, manifest, scope; no I/O."""
