"""Runs the functions as `sam local` does, in containers of Lambda's own image, on the AWS of the local stack."""
