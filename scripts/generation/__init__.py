"""The generator: from the vendored document and its overlays to the files of mantago_generated."""
