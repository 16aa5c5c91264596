"""A real Apache Kafka for tests: where it comes from and how it is started, killed and restarted."""
