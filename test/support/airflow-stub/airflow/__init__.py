"""Stands for Apache Airflow, of either major version, where its real one is not needed: the modules that fork-server.py imports, and tasks that do as their name says."""

import os

__version__ = os.environ["STUB_AIRFLOW"]
