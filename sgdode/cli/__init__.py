"""The commands: load, call, save, print the path."""
