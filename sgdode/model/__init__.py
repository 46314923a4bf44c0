"""The physics as values, in the symbols of the field: no file format, no compiled code."""
