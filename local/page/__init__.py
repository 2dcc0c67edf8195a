"""The try-it page of `make run`: a development tool, which listens on 127.0.0.1 only."""
