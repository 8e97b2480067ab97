"""What numbers lose in floating point: sums, the rules by which errors pass, and what a model guarantees."""
