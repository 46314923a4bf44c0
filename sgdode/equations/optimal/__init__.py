"""Schedules of the learning rate that are best for the risk at the end of a run."""
