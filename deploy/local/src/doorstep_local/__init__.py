"""The local stack: PostgreSQL and Apache Kafka from wheels and jars."""
