"""What a site's settings say of mail domains and offices, ready to be asked."""

from functools import lru_cache
from typing import Final

from leadlight.core.identity.people.emails import NO_RULES, MailKind, MailRules
from leadlight.core.sites.settings import SiteSettings

REMEMBERED_SITES: Final = 256


@lru_cache(REMEMBERED_SITES)
def mail_rules_of(settings: SiteSettings) -> MailRules:
    private, work = settings.private_domains, settings.work_domains
    if not (private or work or settings.office_names):
        return NO_RULES
    return MailRules(
        domains=dict.fromkeys(private, MailKind.FREE) | dict.fromkeys(work, MailKind.WORK),
        offices=frozenset(settings.office_names),
    )
