"""Real Kafka, ClickHouse and Valkey on one machine, without Docker."""
