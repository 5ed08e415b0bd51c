import os


def get_hostname():
    return os.environ["STUB_HOSTNAME"]
