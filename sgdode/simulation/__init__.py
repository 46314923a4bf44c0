"""One-pass SGD, exact in law at a cost free of d."""
