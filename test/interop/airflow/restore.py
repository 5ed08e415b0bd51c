"""What a Python worker that shares the Redis does all the time: gives back what is unacknowledged for longer than its visibility timeout, here of 1 s.

It holds a message of its own, in the queue that is named in argv[2], and prints how many came back into that queue when it had given back for 2.5 s.
"""

import sys
import time

from kombu import Connection

with Connection(sys.argv[1], transport_options={"visibility_timeout": 1}) as connection:
    queue = connection.SimpleQueue(sys.argv[2])
    queue.put("held by a Python worker that has died")
    # Taken, and never acknowledged; what holds it never reads again.
    queue.channel.basic_get(sys.argv[2])
    channel = connection.channel()
    end = time.monotonic() + 2.5
    while time.monotonic() < end:
        channel.qos.restore_visible(interval=1)
        time.sleep(0.1)
    print(channel._size(sys.argv[2]), flush=True)
    # As if it had been killed.
    queue.channel.qos._delivered.clear()
