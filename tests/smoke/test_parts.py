"""The parts are real: one record goes through Apache Kafka and comes to rest in PostgreSQL."""

import psycopg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from doorstep_local.kafka import Kafka
from doorstep_local.pytest_plugin import Topics


async def test_a_record_goes_through_kafka_into_postgres(kafka: Kafka, topics: Topics, database: str) -> None:
    # given a topic with three partitions and a table
    topic = await topics.create("requests", partitions=3)
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TABLE records (topic text, partition int, sequence bigint, key bytea, value bytea)")

    # when one record is sent, read and written down
    async with AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap.split(","), acks="all", enable_idempotence=True
    ) as producer:
        sent = await producer.send_and_wait(topic, key=b"request-1", value=b'{"street":"all\xc3\xa9e"}', partition=2)
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=kafka.bootstrap.split(","), auto_offset_reset="earliest", group_id=None
    ) as consumer:
        read = await consumer.getone()
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO records VALUES (%s, %s, %s, %s, %s)",
            [read.topic, read.partition, read.offset, read.key, read.value],
        )

    # then the database has exactly that record
    assert (sent.topic, sent.partition, sent.offset) == (topic, 2, 0)
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT * FROM records").fetchall()
        server = connection.execute("SHOW server_version_num").fetchone()
    assert rows == [(topic, 2, 0, b"request-1", b'{"street":"all\xc3\xa9e"}')]
    assert server is not None
    assert int(server[0]) // 10_000 == 18
