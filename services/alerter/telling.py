"""From an alert to its deliveries: which webhooks are told, and what they are told."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from leadlight.core.ids import NAMESPACE
from leadlight.core.objects import WebhookBody
from leadlight.store import deliveries
from leadlight.store.deliveries import NewAlert, NewDelivery
from leadlight.store.owners import webhooks
from leadlight.store.views import alert_objects

ALERTS_AT_ONCE = 100
"""In one transaction; more follow at once."""


def message_id(alert: str, webhook: str) -> str:
    """The id that a receiver knows a message by, however often it is sent."""
    return f"msg_{uuid.uuid5(NAMESPACE, f'delivery{chr(10)}{alert}{chr(10)}{webhook}').hex}"


async def tell_new(connection: AsyncConnection, *, now: datetime) -> int:
    """Make the deliveries of alerts that are new, with the visitors as they are now; how many alerts there were."""
    fresh = await deliveries.take_new_alerts(connection, limit=ALERTS_AT_ONCE)
    if fresh:
        await tell(connection, fresh, now=now)
    return len(fresh)


async def tell(connection: AsyncConnection, fresh: Sequence[NewAlert], *, now: datetime) -> None:
    """Make the deliveries of these alerts, which are told by that."""
    by_site: dict[str, list[NewAlert]] = defaultdict(list)
    for alert in fresh:
        by_site[alert.site_id].append(alert)
    endpoints = await webhooks.list_for(connection, list(by_site))
    made: list[NewDelivery] = []
    for site, own in by_site.items():
        listening = [webhook for webhook in endpoints if webhook.site_id == site and webhook.disabled_at is None]
        if listening:
            made += await _messages(connection, site, own, listening, now)
    await deliveries.add(connection, fresh, made, now=now)


async def _messages(
    connection: AsyncConnection,
    site: str,
    fresh: Sequence[NewAlert],
    listening: Sequence[webhooks.Webhook],
    now: datetime,
) -> list[NewDelivery]:
    alerted = await alert_objects.alerted(connection, site, [alert.id for alert in fresh], now=now)
    made = []
    for alert in fresh:
        if alert.id not in alerted:
            continue  # the visitor has been removed since
        body = msgspec.json.encode(WebhookBody(alert.type, alert.crossed_at, alerted[alert.id])).decode()
        made += [
            NewDelivery(site, message_id(alert.id, webhook.id), alert.id, webhook.id, alert.type, body)
            for webhook in listening
            if webhook.wants(alert.type)
        ]
    return made
