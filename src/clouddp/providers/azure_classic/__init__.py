"""Azure as it was: the Service Management REST API."""
