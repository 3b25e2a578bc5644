"""The benchmarks: what is made of measurements, with fixed ones, and one real short run."""
