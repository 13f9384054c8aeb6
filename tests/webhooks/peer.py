"""The PyPI library `standardwebhooks` as a peer: reads cases as JSON, answers each in order.

A case is {"sign": {...}} or {"verify": {...}}; the answers are a signature or true/false.
"""

import json
import sys
from datetime import datetime, timezone

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


def answer(case):
    if "sign" in case:
        it = case["sign"]
        at = datetime.fromtimestamp(int(it["timestamp"]), tz=timezone.utc)
        return Webhook(it["secret"]).sign(msg_id=it["id"], timestamp=at, data=it["body"])
    it = case["verify"]
    headers = {
        "webhook-id": it["id"],
        "webhook-timestamp": it["timestamp"],
        "webhook-signature": it["signature"],
    }
    try:
        Webhook(it["secret"]).verify(it["body"], headers)
    except WebhookVerificationError:
        return False
    return True


json.dump([answer(case) for case in json.load(sys.stdin)], sys.stdout)
