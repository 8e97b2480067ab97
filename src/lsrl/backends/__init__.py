"""Layers to weights: what a target is, which there are, and a folder for each family with one file an architecture."""
