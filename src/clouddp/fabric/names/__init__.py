"""The fabric's name server: `cloudapp.net`, and zones that take signed updates."""
