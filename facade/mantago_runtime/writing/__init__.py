"""Writing: values become parts of a URL, header fields and bodies."""
