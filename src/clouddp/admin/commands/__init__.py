"""The administrator's command line: one file per noun, each a client of the administration service."""
