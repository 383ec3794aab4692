"""What crosses the network: certificates, tokens, signatures, names."""
