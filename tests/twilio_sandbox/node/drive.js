// Does with Twilio's client for Node what a program would do, and prints as JSON what it saw.
// Standard input: {"url", "sid", "token", "port", "phone"}.
"use strict";

const { readFileSync } = require("node:fs");
const twilio = require("twilio");

const given = JSON.parse(readFileSync(0, "utf8"));

/** Sends what is meant for `{label}.twilio.com` to `{url}/{label}`. */
class RoutedClient extends twilio.RequestClient {
  request(options) {
    const there = new URL(options.uri);
    const label = there.hostname.split(".")[0];
    return super.request({ ...options, uri: `${given.url}/${label}${there.pathname}${there.search}` });
  }
}

async function refusalOf(promise) {
  try {
    await promise;
  } catch (error) {
    return { status: error.status, code: error.code, moreInfo: error.moreInfo };
  }
  throw new Error("it was not refused");
}

async function main() {
  const client = twilio(given.sid, given.token, { httpClient: new RoutedClient() });
  const before = await client.incomingPhoneNumbers.list({ pageSize: 10 });
  const [offer] = await client.availablePhoneNumbers("US").local.list({ areaCode: 415, limit: 1 });
  const bought = await client.incomingPhoneNumbers.create({ phoneNumber: offer.phoneNumber });
  const number = client.incomingPhoneNumbers(bought.sid);
  const updated = await number.update({ friendlyName: "Front desk", voiceUrl: "https://example.com/voice" });
  const fetched = await number.fetch();
  const sent = await client.messages.create({ from: bought.phoneNumber, to: given.phone, body: "Hello" });
  const message = await client.messages(sent.sid).fetch();
  const port = await client.numbers.v1.portingPortIns(given.port).fetch();
  const released = await number.remove();
  return {
    before: before.map((each) => each.sid),
    offered: offer.phoneNumber,
    bought: { number: bought.phoneNumber, capabilities: bought.capabilities },
    updated: { name: updated.friendlyName, voiceUrl: updated.voiceUrl },
    fetched: { name: fetched.friendlyName, created: fetched.dateCreated.toISOString() },
    message: { body: message.body, direction: message.direction, from: message.from },
    port: {
      sid: port.portInRequestSid,
      status: port.portInRequestStatus,
      numbers: port.phoneNumbers.map((each) => each.phoneNumber),
    },
    released,
    gone: await refusalOf(number.fetch()),
    after: (await client.incomingPhoneNumbers.list({ pageSize: 10 })).length,
  };
}

main().then((seen) => console.log(JSON.stringify(seen)));
