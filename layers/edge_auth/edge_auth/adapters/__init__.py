"""The ports of the flows on AWS. Only this package imports the SDK."""
