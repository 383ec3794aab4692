"""Padmé (Nikitin et al., PETS 2019): lengths rounded up so that they betray little, for about 1.5 % more."""


def padded_length(length: int) -> int:
    """Round `length` up until its lower bits are zero; never more than 12 % up, much less for large ones."""
    if length < 2:
        return length
    exponent = length.bit_length() - 1
    zero_bits = exponent - exponent.bit_length()
    mask = (1 << zero_bits) - 1
    return (length + mask) & ~mask
