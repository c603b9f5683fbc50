"""What several tests share: small models, real inputs, and ways to run them."""
