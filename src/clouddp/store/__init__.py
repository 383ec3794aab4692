"""Object stores: ciphertext kept by name."""
