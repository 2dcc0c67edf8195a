"""Counts the requests of each operation to DynamoDB and Secrets Manager. The real functions run in this process."""
