"""Keys of the random streams and the constants of their hash; see `randomness`. No torch."""

import hashlib

# SplitMix64 (Steele, Lea and Flood 2014) with Stafford's mix 13.
GOLDEN = 0x9E3779B97F4A7C15
MIX_1 = 0xBF58476D1CE4E5B9
MIX_2 = 0x94D049BB133111EB
HALF = 1 << 32


def key_for(seed: int, expert: str, tensor: str) -> int:
    """The 64-bit key of one expert's tensor: the start of the SHA-256 of all three."""
    text = f"{seed}\0{expert}\0{tensor}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "little")


def cut(density: float) -> int:
    """The whole number below which 32 random bits keep an element with probability `density`."""
    return round(density * HALF)
