"""ClickHouse's HTTP interface in front of the embedded engine (``chdb``).

The engine is the real one but has no server of its own. This process owns the data
directory; everybody else speaks HTTP to it, with the clients used in production.
"""
