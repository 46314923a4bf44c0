"""One run of one command on one spec, on disk."""
