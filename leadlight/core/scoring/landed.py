"""Page views that tracked links led to: whom they introduce, once they have shown a human."""

from msgspec.structs import replace

from leadlight.core.identity.companies.methods import Method
from leadlight.core.identity.machines.evidence import DRIVEN
from leadlight.core.identity.people.clicks import Landing, claim_id
from leadlight.core.scoring.profile import CompanyLink, ContactLink, latest
from leadlight.core.scoring.rules import Rules
from leadlight.core.scoring.state import State, enter


def holds(state: State, page_view_id: str) -> bool:
    """Whether a followed link introduces the person it was made for: the page that it led to was a human's to read."""
    landing, view = state.landings[page_view_id], state.views.get(page_view_id)
    if view is None:  # not spoken of in this batch, so its evidence is as it was
        shown = landing.confirmed
        return shown and not landing.suspect and not _driven(state) and not is_machine(state)
    return view.occurred_at is not None and landing.shows_a_human(
        engaged_ms=view.engaged_ms, touched=view.touched, machine=_driven(state) or is_machine(state)
    )


def _driven(state: State) -> bool:
    """Whether the browser has told a page that a program drives it: no machine for that alone, but nobody's reader."""
    return DRIVEN in state.profile.bot_evidence


def is_machine(state: State) -> bool:
    return bool(state.profile.bot_reasons)


def landed(state: State, rules: Rules) -> bool:
    """Introduce whom followed links were made for, each once its landing page has shown a human; whether any has."""
    confirmed = [id for id, landing in state.landings.items() if not landing.confirmed and holds(state, id)]
    for id in confirmed:
        landing = state.landings[id] = replace(state.landings[id], confirmed=True)
        if landing.taken_back:
            continue
        contact, company = links_of(id, landing)
        state.profile.contact = latest(state.profile.contact, contact)
        if company is not None:
            state.profile.company = latest(state.profile.company, company)
        if not state.views[id].hidden:
            for rule in rules.on_link_followed:
                enter(state, rule, landing.at, id)
    return bool(confirmed)


def unsettled(before: State, state: State) -> bool:
    """Whether followed links have to be judged anew, with all pages: one that counted holds no more, or who was taken
    for a machine is none after all, or the other way round."""
    if not state.landings:
        return False
    lost = any(landing.confirmed and not holds(state, id) for id, landing in state.landings.items())
    return lost or (before.standing is not None and is_machine(before) != is_machine(state))


def links_of(page_view_id: str, landing: Landing) -> tuple[ContactLink, CompanyLink | None]:
    """What a confirmed landing says of its visitor."""
    key = claim_id(page_view_id)
    contact = ContactLink(landing.at, key, landing.person or landing.contact)
    if landing.company is None:
        return contact, None
    return contact, CompanyLink(landing.at, key, landing.company, Method.TRACKED_LINK, landing.confidence)
