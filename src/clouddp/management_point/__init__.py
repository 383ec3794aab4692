"""The management point: tells clients where content is and issues their access tokens."""
