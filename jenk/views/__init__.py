"""The views of jenk's pages."""
