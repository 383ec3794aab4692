"""The distribution manager: decides which content goes where and transfers it."""
