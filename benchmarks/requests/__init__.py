"""What an operation asks of DynamoDB and Secrets Manager, by the real functions in this process."""
