"""What the compiler works on: affine forms, units, facts, layers."""
