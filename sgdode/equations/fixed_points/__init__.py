"""Stationary points of the limiting equations: where plateaus are, and how fast they are left."""
