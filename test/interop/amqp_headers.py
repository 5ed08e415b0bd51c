"""Passes one message of RabbitMQ through Python's client: `get` prints its headers and properties as JSON, `put` publishes headers of every type.

Usage: amqp_headers.py get|put <url> <queue>
"""
import datetime
import decimal
import json
import sys

from kombu import Connection, Queue

command, url, queue = sys.argv[1:]
with Connection(url) as connection:
    channel = connection.channel()
    bound = Queue(queue, channel=channel)
    if command == "get":
        message = bound.get(no_ack=True)
        names = ("message_id", "correlation_id", "priority", "delivery_mode", "expiration", "reply_to")
        properties = {name: message.properties.get(name) for name in names}
        json.dump({"headers": message.headers, "properties": properties, "body": message.body if isinstance(message.body, str) else message.body.decode()}, sys.stdout)
    else:
        headers = {
            "text": "grüße",
            "small": 5,
            "int": -70000,
            "long": 2**40,
            "negative_long": -(2**40),
            "float": 1.5,
            "true": True,
            "none": None,
            "list": [1, 2**33, ["x"]],
            "table": {"deep": 2**34},
            "at": datetime.datetime(2026, 1, 2, 3, 4, 5),
            "price": decimal.Decimal("10.5"),
        }
        connection.Producer(channel).publish(
            "[[], {}, null]", exchange="", routing_key=queue, headers=headers, content_type="application/json", content_encoding="utf-8", correlation_id="from-python"
        )
