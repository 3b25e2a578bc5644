"""The native API: strict JSON in, JSON with evidence out."""
