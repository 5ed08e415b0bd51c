"""A task's process in Python, as small as one can be that speaks Airflow's coordinator protocol: it has MessagePack of its own."""

import json
import socket
import struct
import sys


def pack(value):
    if value is None:
        return b"\xc0"
    if value is True or value is False:
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        if -(2**31) <= value < 2**31:
            return b"\xd2" + struct.pack(">i", value)
        return b"\xd3" + struct.pack(">q", value) if value < 2**63 else b"\xcf" + struct.pack(">Q", value)
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, str):
        data = value.encode()
        return b"\xdb" + struct.pack(">I", len(data)) + data
    if isinstance(value, list):
        return b"\xdd" + struct.pack(">I", len(value)) + b"".join(map(pack, value))
    return b"\xdf" + struct.pack(">I", len(value)) + b"".join(pack(key) + pack(part) for key, part in value.items())


def unpack(data, at=0):
    code = data[at]
    at += 1
    if code < 0x80:
        return code, at
    if code >= 0xE0:
        return code - 256, at
    if code in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[code], at
    numbers = {0xCA: ">f", 0xCB: ">d", 0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q", 0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q"}
    if code in numbers:
        form = numbers[code]
        return struct.unpack_from(form, data, at)[0], at + struct.calcsize(form)
    sized = {0xD9: ">B", 0xDA: ">H", 0xDB: ">I", 0xDC: ">H", 0xDD: ">I", 0xDE: ">H", 0xDF: ">I"}
    if code in sized:
        length = struct.unpack_from(sized[code], data, at)[0]
        at += struct.calcsize(sized[code])
    else:
        length = code & (0x1F if 0xA0 <= code < 0xC0 else 0x0F)
    if 0xA0 <= code < 0xC0 or code in (0xD9, 0xDA, 0xDB):
        return data[at : at + length].decode(), at + length
    if 0x90 <= code < 0xA0 or code in (0xDC, 0xDD):
        found = []
        for _ in range(length):
            part, at = unpack(data, at)
            found.append(part)
        return found, at
    found = {}
    for _ in range(length):
        key, at = unpack(data, at)
        found[key], at = unpack(data, at)
    return found, at


def connect(name):
    host, port = next(word for word in sys.argv if word.startswith("--" + name + "=")).split("=")[1].split(":")
    return socket.create_connection((host, int(port)))


logs = connect("logs")
comm = connect("comm")
stream = comm.makefile("rb")
last = 0


def receive():
    (length,) = struct.unpack(">I", stream.read(4))
    return unpack(stream.read(length))[0]


def ask(kind, **fields):
    global last
    last += 1
    data = pack([last, {"type": kind, **fields}])
    comm.sendall(struct.pack(">I", len(data)) + data)
    answered, body, error = receive()
    assert answered == last, (answered, last)
    return body, error


first, startup, _ = receive()
assert first == 0 and startup["type"] == "StartupDetails", startup
ti = startup["ti"]
place = {"dag_id": ti["dag_id"], "run_id": ti["run_id"], "task_id": ti["task_id"], "map_index": None}
print("printed in Python", flush=True)
logs.sendall((json.dumps({"event": "logged in Python", "level": "warning", "logger": "py", "timestamp": "2026-01-02T03:04:05Z"}) + "\n").encode())

variable, _ = ask("GetVariable", key="greeting")
_, missing = ask("GetVariable", key="nothing")
_, unknown = ask("GetAssetByName", name="x")
pulled, _ = ask("GetXCom", key="return_value", include_prior_dates=False, **{**place, "task_id": "before"})
seen = {
    "variable": variable["value"],
    "missing": missing["error"],
    "unknown": unknown["error"],
    "pulled": pulled["value"],
    "is_int": type(pulled["value"]["epoch"]).__name__,
    "conf": startup["ti_context"]["dag_run"]["conf"],
    "bundle": startup["bundle_info"]["name"],
}
ask("SetXCom", key="return_value", value=seen, mapped_length=None, **place)
ask("SucceedTask", end_date="2026-01-02T03:04:05Z", task_outlets=[], outlet_events=[])
