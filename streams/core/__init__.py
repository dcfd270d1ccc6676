"""The pure core: events and ticks in, rows out; no clock, no network, no randomness."""
