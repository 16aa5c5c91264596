"""What every bus must do, over both implementations and a real PostgreSQL and Apache Kafka."""
