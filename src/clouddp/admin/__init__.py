"""What an administrator touches: REST, command line, console."""
