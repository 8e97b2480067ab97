"""The site: what of it is not in `docs` as it is, made from the code when `make docs` builds it."""
