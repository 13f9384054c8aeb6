// An npm library as a peer: `node peer.cjs PACKAGE` reads cases as JSON, answers each in order.
//
// A case is {"sign": {...}} or {"verify": {...}}; the answers are a signature or true/false.

const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");

const [, , folder, name] = process.argv;
const { Webhook, WebhookVerificationError } = createRequire(`${folder}/`)(name);

function answer(one) {
  if (one.sign) {
    const { secret, id, timestamp, body } = one.sign;
    return new Webhook(secret).sign(id, new Date(Number(timestamp) * 1000), body);
  }
  const { secret, id, timestamp, body, signature } = one.verify;
  const headers = {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signature,
  };
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch (error) {
    if (error instanceof WebhookVerificationError) return false;
    throw error;
  }
}

const cases = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(cases.map(answer)));
