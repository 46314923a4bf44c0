"""Everything that touches the private side of the compiler."""
