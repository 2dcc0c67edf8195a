"""The functions under load, and with more and more sessions in the table."""
