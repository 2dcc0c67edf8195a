"""The ports of the flows on DynamoDB tables."""
