"""Mails: their texts in each language, and how a record of the challenges' stream becomes one."""
