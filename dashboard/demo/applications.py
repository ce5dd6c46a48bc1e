"""The applications of Acme, an invented retailer, around the sunset of 2024-01-04.

A row has name, team, owner, log and rhythm; then the old and the new model, calls on a working day, and on which
days which share of them still goes to the old model. Model names and the days from which replacements exist are
real: gpt-3.5-turbo-instruct from 2023-09-18, babbage-002 and davinci-002 from 2023-08-22. Addresses are of the
reserved domain .example.
"""

from datetime import date

from dashboard.demo.scenario import CallStream, DemoApplication, migration, scenario_day

__all__ = ["APPLICATIONS", "AVAILABLE_FROM", "HEALTH_CHECK_KEY"]

HEALTH_CHECK_KEY = "litellm-internal-health-check"

CHAT, INSTRUCT, GPT4 = "gpt-3.5-turbo", "gpt-3.5-turbo-instruct", "gpt-4"
EMBED = "text-embedding-ada-002"
OLD_TUNE, NEW_TUNE = "davinci:ft-acme-2023-05-30-16-22-47", "ft:davinci-002:acme::8abcD1eF"


def embedding_migration(before: str, volume: float, *points: tuple[str, float]) -> tuple[CallStream, ...]:
    """Embeddings that move to the one model that replaces all old ones."""
    return migration(before, EMBED, volume, *points, api="embeddings", to="embeddings")


def spike(model: str, volume: float, *corners: str) -> CallStream:
    """All content embedded again: no calls until the first corner, `volume` a day from the second to the third."""
    heights = zip(corners, (0.0, 1.0, 1.0, 0.0), strict=True)
    return CallStream(model, "embeddings", volume, tuple((scenario_day(text), height) for text, height in heights))


# fmt: off
GATEWAY: tuple[DemoApplication, ...] = (
    DemoApplication(
        "checkout-help", "Checkout help", "Payments", "payments@acme.example", "litellm", "shop",
        migration("text-davinci-003", CHAT, 60, ("07-10", 1), ("07-28", 0), to="chat"),
        role="Moves early: done three weeks after the announcement", criticality=1,
    ),
    DemoApplication(
        "copywriter", "Product copywriter", "Growth", "growth@acme.example", "litellm", "office",
        migration("text-davinci-003", INSTRUCT, 40, ("09-20", 1), ("10-20", 0)),
        role="Identified by its key alone, which belongs to no team", key_alias_only=True,
    ),
    DemoApplication(
        "reply-drafts", "Support reply drafts", "Customer Care", "care@acme.example", "litellm", "shop",
        migration("text-davinci-003", GPT4, 110, ("08-01", 1), ("11-27", 0), to="chat"),
        role="A steady burn-down, a few percent a week", criticality=2,
    ),
    DemoApplication(
        "intent", "Intent classifier", "Customer Care", "care@acme.example", "litellm", "shop",
        migration(OLD_TUNE, NEW_TUNE, 70, ("10-02", 1), ("10-16", 0.8), ("11-15", 0)),
        role="A fine-tune, trained again on davinci-002", criticality=2,
    ),
    DemoApplication(
        HEALTH_CHECK_KEY, "Gateway health check", "", "", "litellm", "always",
        migration("text-davinci-003", INSTRUCT, 12, ("09-25", 1), ("09-26", 0)),
        role="The gateway's probes of its own routes", internal=True,
    ),
    DemoApplication(
        "ticket-tagger", "Ticket tagger", "Customer Care", "care@acme.example", "litellm", "shop",
        migration("ada", "", 45, served_by="babbage-002"),
        role="Redirected: babbage-002 answers for ada from the sunset on",
    ),
    DemoApplication(
        "returns-letters", "Returns letters", "Logistics", "logistics@acme.example", "litellm", "shop",
        migration("text-davinci-003", "", 40),
        role="Never moves: its calls fail from the sunset on", criticality=2,
    ),
    DemoApplication(
        "gift-finder", "Gift finder", "Growth", "growth@acme.example", "litellm", "shop",
        migration("text-curie-001", INSTRUCT, 60, ("12-06", 1), ("12-12", 0.8), ("12-21", 0)),
        role="Late: starts in December", criticality=1,
    ),
    DemoApplication(
        "welcome-mails", "Welcome mails", "People", "people@acme.example", "litellm", "office",
        migration("text-davinci-002", CHAT, 25, ("08-21", 1), ("09-08", 0), to="chat"),
    ),
    DemoApplication(
        "contracts", "Contract summaries", "Legal", "legal-tech@acme.example", "litellm", "office",
        migration("text-davinci-003", GPT4, 30, ("09-04", 1), ("12-08", 0.3), ("12-20", 0.1), ("12-22", 0),
                  to="chat"),
        role="Slow: every template is read by a lawyer first",
    ),
    DemoApplication(
        "survey-insights", "Survey insights", "Research", "", "litellm", "office",
        migration("text-babbage-001", INSTRUCT, 20, ("11-01", 1), ("11-20", 0.5), ("12-18", 0.5), ("12-29", 0)),
        role="Has no owner: mail goes to the fallback address", criticality=4,
    ),
    DemoApplication(
        "llama-lab", "Llama lab", "Data Science", "data-science@acme.example", "litellm", "office",
        (CallStream("llama-2-13b-chat", "chat", 35),),
        role="Self-hosted: its model is in no catalog", criticality=4,
    ),
    DemoApplication(
        "shop-assistant", "Shop assistant", "Search", "search@acme.example", "litellm", "shop",
        (CallStream(CHAT, "chat", 60),),
        role="Nothing to do", criticality=1,
    ),
    DemoApplication(
        "review-bot", "Code review bot", "Developer Platform", "devplatform@acme.example", "litellm", "office",
        (CallStream(GPT4, "chat", 30),),
        role="Nothing to do",
    ),
)

EDGE: tuple[DemoApplication, ...] = (
    DemoApplication(
        "address-svc", "Address normaliser", "Logistics", "logistics@acme.example", "edge", "shop",
        migration("curie", "davinci-002", 90, ("10-02", 1), ("11-05", 0)),
    ),
    DemoApplication(
        "spellfix", "Spelling fixer", "Content", "content@acme.example", "edge", "office",
        migration("text-davinci-edit-001", CHAT, 70, ("10-23", 1), ("11-24", 0), api="edits", to="chat"),
        role="Calls /v1/edits, where the log has the endpoint but not the model",
    ),
    DemoApplication(
        "snippet-fixer", "Snippet fixer", "Developer Platform", "devplatform@acme.example", "edge", "office",
        migration("code-davinci-edit-001", CHAT, 40, ("12-11", 1), ("12-19", 0), api="edits-by-engine", to="chat"),
        role="Edits by the old engines path; moves in the last weeks",
    ),
    DemoApplication(
        "review-summaries", "Review summaries", "Marketplace", "marketplace@acme.example", "edge", "shop",
        migration("text-davinci-003", INSTRUCT, 110, ("09-25", 1), ("10-25", 0)),
        criticality=2,
    ),
    DemoApplication(
        "duplicates", "Duplicate listings", "Marketplace", "marketplace@acme.example", "edge", "always",
        embedding_migration("text-similarity-babbage-001", 100, ("08-14", 1), ("09-05", 0)),
    ),
    DemoApplication(
        "seller-faq", "Seller questions", "Marketplace", "marketplace@acme.example", "edge", "shop",
        migration("text-davinci-002", INSTRUCT, 50, ("11-01", 1), ("11-27", 0)),
    ),
    DemoApplication(
        "delivery-notes", "Delivery notes", "Logistics", "logistics@acme.example", "edge", "always",
        migration("text-ada-001", INSTRUCT, 60, ("10-09", 1), ("10-27", 0)),
    ),
    DemoApplication(
        "call-digests", "Call digests", "Customer Care", "care@acme.example", "edge", "shop",
        migration("curie-instruct-beta", INSTRUCT, 45, ("10-30", 1), ("11-22", 0)),
    ),
    DemoApplication(
        "signage", "Store signage", "Stores", "stores@acme.example", "edge", "office",
        migration("davinci-instruct-beta", INSTRUCT, 15, ("10-02", 1), ("10-13", 0)),
        criticality=4,
    ),
    DemoApplication(
        "kiosk", "Kiosk helper", "Stores", "stores@acme.example", "edge", "shop",
        migration("text-curie-001", INSTRUCT, 65, ("10-16", 1), ("11-03", 0.5), ("11-28", 0)),
    ),
    DemoApplication(
        "app-tips", "Mobile tips", "Mobile", "mobile@acme.example", "edge", "shop",
        migration("text-davinci-003", INSTRUCT, 85, ("10-10", 1), ("11-20", 0)),
        criticality=2,
    ),
)

PARTNER: tuple[DemoApplication, ...] = (
    DemoApplication(
        "partner-portal", "Partner portal", "Partnerships", "partners@acme.example", "partner", "office",
        migration("text-davinci-002", "", 35),
        role="Its log ends in October, so its finding stays open", last_logged_on=scenario_day("10-15"),
    ),
)

PLATFORM: tuple[DemoApplication, ...] = (
    DemoApplication(
        "search-index", "Catalogue search", "Search", "search@acme.example", "platform", "always",
        (
            *embedding_migration("text-search-ada-doc-001", 180, ("11-13", 1), ("12-11", 0)),
            *embedding_migration("text-search-ada-query-001", 120, ("12-11", 1), ("12-13", 0)),
            spike(EMBED, 1600, "11-29", "11-30", "12-09", "12-11"),
        ),
        role="Must embed the whole catalogue again before queries can switch", criticality=1,
    ),
    DemoApplication(
        "help-search", "Help centre search", "Search", "search@acme.example", "platform", "shop",
        (
            *embedding_migration("text-search-curie-doc-001", 50, ("08-24", 1), ("08-28", 0)),
            *embedding_migration("text-search-curie-query-001", 100, ("08-24", 1), ("08-28", 0)),
            spike(EMBED, 600, "08-20", "08-21", "08-23", "08-24"),
        ),
        role="Embeds everything again in August",
    ),
    DemoApplication(
        "fraud-notes", "Fraud notes", "Risk", "risk@acme.example", "platform", "nightly",
        migration("text-davinci-003", CHAT, 120, ("09-04", 1), ("10-20", 0), ("11-23", 0), ("11-24", 0.6),
              ("12-18", 0.6), ("12-19", 0), to="chat"),
        role="Regression: a rollback brings the old batch job back in late November", criticality=2,
    ),
    DemoApplication(
        "demand-stories", "Demand stories", "Supply", "supply@acme.example", "platform", "nightly",
        migration("text-davinci-003", CHAT, 180, ("08-07", 1), ("10-16", 0), to="chat"),
    ),
    DemoApplication(
        "price-watch", "Price watch", "Pricing", "pricing@acme.example", "platform", "always",
        migration("babbage", "babbage-002", 300, ("09-18", 1), ("11-29", 0)),
        criticality=2,
    ),
    DemoApplication(
        "invoice-reader", "Invoice reader", "Finance", "finance-systems@acme.example", "platform", "office",
        migration("text-curie-001", INSTRUCT, 260, ("10-23", 1), ("12-01", 0)),
        criticality=2,
    ),
    DemoApplication(
        "ledger-notes", "Ledger explanations", "Finance", "finance-systems@acme.example", "platform", "office",
        migration("text-davinci-003", GPT4, 60, ("10-02", 1), ("10-31", 0), to="chat"),
    ),
    DemoApplication(
        "code-search", "Code search", "Developer Platform", "devplatform@acme.example", "platform", "office",
        (
            *embedding_migration("code-search-ada-code-001", 90, ("09-11", 1), ("09-22", 0)),
            *embedding_migration("code-search-ada-text-001", 50, ("09-11", 1), ("09-22", 0)),
        ),
    ),
    DemoApplication(
        "newsletter", "Newsletter drafts", "Growth", "growth@acme.example", "platform", "office",
        migration("davinci", "davinci-002", 50, ("08-28", 1), ("09-29", 0)),
    ),
    DemoApplication(
        "knowledge-bot", "Knowledge bot", "IT", "it@acme.example", "platform", "office",
        (CallStream(GPT4, "chat", 90),),
        role="Nothing to do",
    ),
    DemoApplication(
        "meeting-notes", "Meeting notes", "IT", "it@acme.example", "platform", "office",
        (CallStream(CHAT, "chat", 120),),
        role="Nothing to do",
    ),
    DemoApplication(
        "translation-check", "Translation check", "Content", "content@acme.example", "platform", "office",
        (CallStream("gpt-3.5-turbo-0301", "chat", 100),),
        role="On a pinned snapshot with another deadline, whose date moves",
    ),
    DemoApplication(
        "picking-hints", "Picking hints", "Logistics", "logistics@acme.example", "platform", "always",
        migration("text-babbage-001", INSTRUCT, 240, ("11-13", 1), ("12-08", 0.28), ("12-27", 0)),
        role="Starts late, one warehouse a week", criticality=2,
    ),
    DemoApplication(
        "policy-answers", "Policy answers", "People", "people@acme.example", "platform", "office",
        (CallStream(CHAT, "chat", 70),),
        role="Nothing to do",
    ),
)
# fmt: on

APPLICATIONS: tuple[DemoApplication, ...] = GATEWAY + EDGE + PARTNER + PLATFORM

AVAILABLE_FROM: dict[str, date] = {
    INSTRUCT: date(2023, 9, 18),
    "babbage-002": date(2023, 8, 22),
    "davinci-002": date(2023, 8, 22),
    NEW_TUNE: date(2023, 8, 22),
}
"""First days of the models that were released within the demo's days; nothing calls them earlier."""
