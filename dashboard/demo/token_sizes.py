"""Tokens of the demo's calls, and their cost by the list prices of 2023."""

from collections.abc import Callable

__all__ = ["call_cost", "draw_tokens"]

# US dollars per 1,000 tokens in and out.
PRICES: dict[str, tuple[float, float]] = {
    "ada": (0.0004, 0.0004),
    "babbage": (0.0005, 0.0005),
    "curie": (0.002, 0.002),
    "davinci": (0.02, 0.02),
    "babbage-002": (0.0004, 0.0004),
    "davinci-002": (0.002, 0.002),
    "gpt-3.5-turbo": (0.0015, 0.002),
    "gpt-3.5-turbo-0301": (0.0015, 0.002),
    "gpt-3.5-turbo-instruct": (0.0015, 0.002),
    "gpt-4": (0.03, 0.06),
    "text-ada-001": (0.0004, 0.0004),
    "text-babbage-001": (0.0005, 0.0005),
    "text-curie-001": (0.002, 0.002),
    "text-davinci-002": (0.02, 0.02),
    "text-davinci-003": (0.02, 0.02),
    "text-embedding-ada-002": (0.0001, 0.0),
    "code-search-ada-code-001": (0.004, 0.0),
    "code-search-ada-text-001": (0.004, 0.0),
    "text-search-ada-doc-001": (0.004, 0.0),
    "text-search-ada-query-001": (0.004, 0.0),
    "text-search-curie-doc-001": (0.02, 0.0),
    "text-search-curie-query-001": (0.02, 0.0),
    "davinci:ft-acme-2023-05-30-16-22-47": (0.12, 0.12),
    "ft:davinci-002:acme::8abcD1eF": (0.012, 0.012),
}

# Mean tokens in and out of one call.
LENGTHS: dict[str, tuple[int, int]] = {
    "completions": (310, 90),
    "chat": (420, 130),
    "embeddings": (180, 0),
    "edits": (240, 230),
    "edits-by-engine": (240, 230),
}


def draw_tokens(api: str, draw: Callable[[], float]) -> tuple[int, int]:
    """Tokens in and out of one call; `draw` gives numbers from 0 to 1."""
    into, out = LENGTHS[api]
    return round(into * (0.4 + 1.2 * draw())), round(out * (0.3 + 1.4 * draw()))


def call_cost(model: str, tokens_in: int, tokens_out: int) -> float:
    """US dollars, to the nano; 0 for a model with no list price, such as a self-hosted one."""
    price_in, price_out = PRICES.get(model, (0.0, 0.0))
    return round((tokens_in * price_in + tokens_out * price_out) / 1000, 9)
