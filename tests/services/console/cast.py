"""A plausible morning at an invented shop: enough people to judge a page by."""

from datetime import timedelta

from tests.services.console.stage import PHONE, Someone, Stage


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def days(number: float) -> timedelta:
    return timedelta(days=number)


def morning(stage: Stage) -> list[Someone]:
    """Hot, warm and cold; named, matched and unknown; here, gone today, gone this week; long and right-to-left names."""
    one = stage.someone
    mara = (
        one("mara")
        .reads("/", ago=days(8.3), seconds=14, referrer="https://search.example/?q=workshop+lighting")
        .reads("/product/benches", ago=days(8.298), seconds=92)
        .reads("/compare/spreadsheets", ago=days(3.2), seconds=242, referrer="https://search.example/")
        .reads("/contact", ago=days(3.197), seconds=4)
        .does("Form Submitted", ago=days(3.1955), path="/contact")
        .introduces(
            "mara@norrvik.example",
            ago=days(3.1955),
            company="Norrvik Foods",
            name="Mara Lindqvist",
            job_title="Head of Purchasing",
            phone="+46 31 555 01 00",
        )
        .reads(
            "/",
            ago=minutes(6),
            seconds=14,
            campaign={"source": "newsletter", "medium": "email", "name": "autumn offer"},
        )
        .reads("/pricing", ago=minutes(1.8), seconds=70, title="Pricing · Fernhall Lighting")
    )
    mara_phone = (
        one("mara-phone", agent=PHONE)
        .reads("/pricing", ago=days(2), seconds=31)
        .introduces("mara@norrvik.example", ago=days(2), company="Norrvik Foods")
    )
    per = (
        one("per")
        .reads("/docs/security", ago=days(6), seconds=64)
        .introduces("per@norrvik.example", ago=days(6), company="Norrvik Foods", name="Per Sandahl", job_title="IT")
    )
    halden = (
        one("halden")
        .reads("/product", ago=days(5), seconds=40)
        .works_at("Halden Logistics", "halden-logistics.example", ago=days(5))
        .reads("/pricing", ago=days(1.1), seconds=24)
        .reads("/demo", ago=minutes(9), seconds=36)
        .reads("/compare/spreadsheets", ago=minutes(0.4), seconds=22)
    )
    tomasz = (
        one("tomasz")
        .reads("/", ago=minutes(11), seconds=9, referrer="https://partner.example/links")
        .reads("/pricing", ago=minutes(9), seconds=20)
        .introduces(
            "tomasz@bramasteel.example",
            ago=minutes(8),
            company="Brama Steel",
            name="Tomasz Wilk",
            job_title="Plant manager",
        )
        .reads("/case-studies/foundry", ago=minutes(3), seconds=120)
    )
    teal = (
        one("teal", agent=PHONE)
        .reads("/pricing", ago=minutes(12), seconds=12)
        .works_at("University of Teal Bay", "tealbay.example", ago=minutes(12))
        .reads("/docs/security", ago=minutes(4), seconds=40)
        .reads("/contact", ago=minutes(0.7), seconds=15)
    )
    reader = one("reader", agent=PHONE).reads("/blog/what-is-lead-time", ago=minutes(0.15), seconds=8)
    long_name = (
        one("long")
        .introduces(
            "maximiliane.von-hohenstein-waldenburg@polder-und-deich-wasserbau.example",
            ago=minutes(150),
            company="Polder & Deich Wasserbau- und Küstenschutzgesellschaft mbH & Co. KG",
            name="Maximiliane Freifrau von Hohenstein-Waldenburg zu Schillingsfürst",
            job_title="Bereichsleiterin Gebäudetechnik und Beleuchtung",
        )
        .reads("/case-studies/how-a-very-long-title-finds-its-place-in-a-narrow-column", ago=minutes(149), seconds=70)
        .reads("/pricing", ago=minutes(146), seconds=33)
    )
    farid = (
        one("farid")
        .reads("/pricing", ago=minutes(400), seconds=28)
        .introduces(
            "farid@mistral-packaging.example",
            ago=minutes(399),
            company="Mistral Packaging",
            name="فريد كريمي",
            job_title="مدير المشتريات",
        )
    )
    demo = (
        one("demo-1", demo=True)
        .reads("/", ago=minutes(700), seconds=12)
        .introduces(
            "oona@kestreltrust.example",
            ago=minutes(700),
            company="Kestrel Museums Trust",
            name="Oona Laine",
            job_title="Facilities lead",
        )
        .reads("/product", ago=minutes(698), seconds=45)
    )
    jobs = one("jobs").reads("/careers", ago=days(2.2), seconds=90)
    silent = one("silent").reads("/", ago=days(4), seconds=3)
    bot = one("bot", bot_reasons=("agent",)).reads("/pricing", ago=minutes(2), seconds=30)
    return [mara, mara_phone, per, halden, tomasz, teal, reader, long_name, farid, demo, jobs, silent, bot]
