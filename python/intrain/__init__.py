"""Deep networks trained wholly in 8-bit integers, with the same bits on every machine."""
