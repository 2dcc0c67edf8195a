"""The functions under load, and with growing numbers of sessions in the table."""
