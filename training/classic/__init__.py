"""Published tasks of memory and arithmetic, run again with this package's networks."""
