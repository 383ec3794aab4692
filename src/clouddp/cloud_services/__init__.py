"""The cloud services manager: creates, watches, changes and deletes cloud services."""
