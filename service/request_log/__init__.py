"""The request log: every answer on record before it is sent. The only room that names SQLAlchemy; knows no HTTP.

Import from the modules themselves: ``rows`` (what is recorded), ``migrate`` (the schema), ``writer`` and ``reader``.
"""
