"""Who browses the demo shop and what they read: the invented people, agents, pages and sources of the log.

Every company lives under `.example`; free-mail addresses have invented local parts.
"""

from typing import Final

PAGES: Final[tuple[tuple[str, str, int], ...]] = (
    # path, title, weight
    ("/", "Fernwerk: plan your plant", 30),
    ("/product", "Product", 16),
    ("/pricing", "Pricing", 9),
    ("/case-studies/harbor-mills", "How Harbor Mills halved its downtime", 4),
    ("/case-studies/lumen-dairy", "Lumen Dairy plans a week in an hour", 3),
    ("/compare/spreadsheets", "Fernwerk or spreadsheets", 4),
    ("/compare/planwright", "Fernwerk or Planwright", 3),
    ("/blog/bottlenecks", "Find the bottleneck first", 9),
    ("/blog/shift-handover", "A calmer shift handover – für alle 🪟", 7),
    ("/blog/oee-explained", "OEE explained", 6),
    ("/docs/getting-started", "Getting started", 4),
    ("/docs/security", "Security", 2),
    ("/demo", "See a demo", 3),
    ("/contact", "Contact", 3),
    ("/careers", "Careers", 3),
    ("/careers/test-engineer", "Test engineer", 1),
    ("/login", "Log in", 2),
    ("/support", "Support", 2),
)

SOURCES: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    # referrer, campaign
    ("", {}),
    ("", {}),
    ("https://www.google.com/", {}),
    ("https://www.bing.com/", {}),
    ("https://news.trade-press.example/issue/48", {}),
    ("https://www.google.com/", {"source": "google", "medium": "cpc", "name": "plan-ahead", "term": "plant planning"}),
    ("https://www.linkedin.com/", {"source": "linkedin", "medium": "social", "name": "harbor-mills"}),
    ("", {"source": "newsletter", "medium": "email", "name": "autumn"}),
)  # fmt: skip

DESKTOPS: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
)
MOBILES: Final = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Android 15; Mobile; rv:144.0) Gecko/144.0 Firefox/144.0",
)
CRAWLERS: Final = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "python-requests/2.32.3",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/141.0.0.0 Safari/537.36",
)
SERVER_LIBRARIES: Final = ("analytics-python/2.3.3", "analytics-ruby/2.5.0", "node-fetch/1.0")

FIRST_NAMES: Final = (
    "ada", "bela", "chidi", "dagny", "emre", "farah", "goran", "hana", "ines", "jonas", "kaja", "lior",
    "mina", "nuno", "olga", "pavel", "quinn", "rosa", "sven", "tala", "ugo", "vera", "wim", "xenia",
)  # fmt: skip
LAST_NAMES: Final = (
    "aalto", "brandvold", "castellan", "dombrow", "eskola", "farnham", "gruber", "hollis", "ivarsen",
    "jansky", "kessler", "lindqvist", "moreau", "novak", "okafor", "petrov", "rahimi", "sandoval",
)  # fmt: skip
COMPANIES: Final = (
    "harbor-mills.example", "lumen-dairy.example", "northgate-pumps.example", "quillon.example",
    "orbis-castings.example", "tessera-foods.example", "velden-paper.example", "kiln-and-co.example",
    "ostrava-glass.example", "birchline.example", "mosaic-tooling.example", "tallow-bridge.example",
)  # fmt: skip
FREE_MAIL: Final = ("gmail.com", "outlook.com", "yahoo.com", "hotmail.com", "icloud.com")
NOBODY: Final = ("null", "anonymous", "undefined", "0", "[object Object]")

HAPPENINGS: Final[tuple[tuple[str, dict[str, object]], ...]] = (
    ("Document Downloaded", {"document": "harbor-mills-case-study.pdf", "category": "case study"}),
    ("Document Downloaded", {"document": "security-whitepaper.pdf", "category": "security"}),
    ("Video Played", {"video": "two-minute-tour", "seconds": 74}),
    ("Calculator Used", {"plants": 3, "hours_saved": 41}),
    ("Newsletter Subscribed", {"list": "autumn"}),
)
