"""What reads bytes of others, each with the errors that it declares: found by coverage, or edited at random."""
