"""What the benchmarks share: the data, the peers, the clock."""
