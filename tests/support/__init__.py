"""What the tests share: small specs, processes, pictures of made-up runs, slow twins of fast formulas."""
