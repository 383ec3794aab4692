"""The fabric's management API: Azure Service Management on the wire."""
