"""Targets whose network is a model of Hugging Face transformers, with a residual stream."""
