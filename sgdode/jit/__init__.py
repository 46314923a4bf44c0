"""Everything that touches the private side of the compiler. Without what compiling takes there is nothing to import."""

from sgdode.machine import require_means

require_means()
