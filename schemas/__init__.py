"""What crosses a wire: events, rows, dead letters, topics, and the definitions of metrics."""
