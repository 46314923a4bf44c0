"""What follows from results: judgements and figures of merit."""
