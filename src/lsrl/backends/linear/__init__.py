"""Linear RNNs of LSRL's own: cumulative sums, scans and matrices, in NumPy and torch."""
