"""Reading: bytes to JSON, JSON to results, and the drift between an answer and the spec."""
