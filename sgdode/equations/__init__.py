"""The limiting equations, and their solution."""
