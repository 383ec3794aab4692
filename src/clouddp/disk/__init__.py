"""How files come to be whole and stay so when the power goes."""
