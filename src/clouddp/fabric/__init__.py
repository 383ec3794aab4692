"""The embedded cloud: management API, storage, role instances, portal, DNS."""
