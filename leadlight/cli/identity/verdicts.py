"""What Leadlight would make of an address, an e-mail or an agent, and why: the identifier's own knowledge, asked directly."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from leadlight.core.identity.companies.chain import Resolution, Sources, resolve
from leadlight.core.identity.companies.domains import shown
from leadlight.core.identity.companies.methods import Answer, Method
from leadlight.core.identity.companies.names import derived_name
from leadlight.core.identity.identify import WORK_EMAIL_CONFIDENCE, Knowledge
from leadlight.core.identity.machines.verdicts import about_agent
from leadlight.core.identity.networks.addresses import parsed
from leadlight.core.identity.networks.places import statement
from leadlight.core.identity.people.about_emails import about_email
from leadlight.core.records import Network, Place
from leadlight.runtime.networks import Networks
from services.identifier.knowledge import load_knowledge
from services.identifier.networks.classes import load_classes
from services.identifier.networks.facts import NetworkFacts

Verdict = dict[str, Any]

LABEL_WIDTH = 22

Explained = Callable[[str, Network, Answer | None], Awaitable[Resolution]]
"""What a site's own data say of an address, given what offline data say."""

TEXT_CHARACTERS = 16_384
"""Of one input. No address, e-mail or agent that means anything is longer; what follows is not looked at."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Everything that is known offline, ready to be asked."""

    knowledge: Knowledge
    facts: NetworkFacts

    @classmethod
    def load(cls, data: Path) -> "Verdicts":
        """Raises ConfigurationError when the identifier's data files have not been built."""
        networks = Networks(data)
        networks.refresh()
        knowledge = load_knowledge()
        return cls(knowledge, NetworkFacts(networks, load_classes(networks.folder).tables, knowledge.mail))

    def about(self, given: str) -> Verdict:
        """The verdict on one input, of the kind that it looks like."""
        text = given.strip()[:TEXT_CHARACTERS]
        if parsed(text) is not None:
            return self._address(given, text, self.resolution(text))
        if "@" in text and not any(letter.isspace() for letter in text):
            return self.about_email(given)
        return self.about_agent(given)

    async def about_at_site(self, given: str, explained: Explained) -> Verdict:
        """The same, with what one site knows of an address."""
        text = given.strip()[:TEXT_CHARACTERS]
        if parsed(text) is None:
            return self.about(given)
        fact = self.facts.of(text)
        return self._address(given, text, await explained(text, fact.network, fact.stated))

    def resolution(self, address: str) -> Resolution:
        """Whose address it is by offline data alone."""
        fact = self.facts.of(address)
        return resolve(fact.network, Sources(others=(fact.stated,) if fact.stated is not None else ()))

    def _address(self, given: str, address: str, found: Resolution) -> Verdict:
        fact = self.facts.of(address)
        network = fact.network
        return {
            "input": given,
            "kind": "address",
            "network": {"asn": network.asn, "name": network.name, "class": network.kind, "rule": network.rule},
            "company": None if found.answer is None else _company(found.answer),
            "location": _location(fact.place),
            "layers": [
                {"source": step.source.value, "outcome": step.outcome.value, "domain": step.domain, "why": step.why}
                for step in found.steps
                if step.domain is not None or step.why
            ],
        }

    def about_email(self, given: str) -> Verdict:
        """The verdict on what is given as an e-mail address, whatever it looks like."""
        found = about_email(given.strip()[:TEXT_CHARACTERS], self.knowledge.mail)
        domain = found.company_domain
        answer = None
        if domain is not None:
            evidence = {"email_domain": found.domain or domain}
            answer = Answer(
                domain,
                found.company_name or derived_name(domain),
                Method.WORK_EMAIL,
                WORK_EMAIL_CONFIDENCE,
                evidence=evidence,
            )
        return {
            "input": given,
            "kind": "email",
            "normalised": found.normalised,
            "domain": found.domain,
            "class": found.kind,
            "role": found.role,
            "company": None if answer is None else _company(answer),
        }

    def about_agent(self, given: str) -> Verdict:
        """The verdict on what is given as an agent, whatever it looks like."""
        found = about_agent(given.strip()[:TEXT_CHARACTERS], self.knowledge)
        return {
            "input": given,
            "kind": "agent",
            "bot": found.bot,
            "bot_name": found.bot_name,
            "layers": list(found.layers),
            "device": found.agent.device,
            "browser": found.agent.browser,
            "system": found.agent.system,
        }


def narrowed(network: Network, block: str | None, host: str | None) -> Network:
    """The network with the connection that a site knows it by."""
    return replace(network, block=block, host=host)


def _company(answer: Answer) -> Mapping[str, Any]:
    return {
        "domain": answer.domain,
        "shown_domain": shown(answer.domain),
        "name": answer.name,
        "method": answer.method.value,
        "confidence": answer.confidence,
        "evidence": dict(answer.evidence),
        "as_of": answer.as_of.isoformat() if answer.as_of is not None else None,
    }


def _location(place: Place) -> Mapping[str, Any]:
    return {
        "country": place.country,
        "region": place.region,
        "city": place.city,
        "accuracy_km": place.accuracy_km,
        "accuracy": statement(place),
    }


def lines_of(verdict: Verdict) -> Sequence[str]:
    """A verdict for people, layer by layer."""
    said: list[str] = []

    def line(label: str, *told: object) -> None:
        words = "  ".join(str(word) for word in told if word not in (None, ""))
        said.append(f"{label:<{LABEL_WIDTH}} {words}".rstrip())

    kind = verdict["kind"]
    line(kind, verdict["input"].strip() or "(nothing)")
    if kind == "address":
        network = verdict["network"]
        number = f"AS{network['asn']}" if network["asn"] is not None else None
        line("network", network["name"] or "not known", number)
        line("class", network["class"], f"by {network['rule']}" if network["rule"] else None)
        place = verdict["location"]
        where = ", ".join(part for part in (place["city"], place["region"], place["country"]) if part)
        line("place", where or "not known", place["accuracy"])
        said.append("")
        for step in verdict["layers"]:
            line(f"  {step['source']}", step["outcome"].replace("_", " "), step["domain"], step["why"])
        if not verdict["layers"]:
            line("  sources", "none names a company")
        said.append("")
    elif kind == "email":
        line("normalised", verdict["normalised"] or "no e-mail address, or one that stands for everybody")
        line("class", verdict["class"], "a role, no person" if verdict["role"] else None)
    else:
        line("machine", "yes" if verdict["bot"] else "not by its agent", verdict["bot_name"])
        for layer in verdict["layers"]:
            line("", layer)
        for label in ("device", "browser", "system"):
            line(label, verdict[label] or "not told")
    if kind != "agent":
        company = verdict["company"]
        if company is None:
            line("company", "unknown")
        else:
            line("company", f"{company['name']} ({company['shown_domain']})")
            line("", f"by {company['method']}, {company['confidence']:.2f} sure")
            for name, value in company["evidence"].items():
                line("", f"{name}: {value}")
    return said
