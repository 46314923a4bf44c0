"""Averages over Gaussian local fields."""
