// @vitest-environment happy-dom
/** Files: handed in first, then carried by a message like any other; refusals come with their words. */

import { afterEach, expect, test, vi } from "vitest";
import { Conversation } from "../../src/chat/conversation";
import { Refused, upload } from "../../src/chat/upload";
import { FakeWire } from "./fake-wire";

const SERVER = "https://bot.example";
const PHOTO = new File(["x"], "杯子 1.jpg", { type: "image/jpeg" });
const ATTACHMENT = { id: "ab.jpg", kind: "picture", name: "杯子 1.jpg" } as const;

afterEach(() => {
  vi.unstubAllGlobals();
  localStorage.clear();
});

function answer(body: unknown, status = 200) {
  const call = vi.fn(async (..._: unknown[]) => new Response(JSON.stringify(body), { status }));
  vi.stubGlobal("fetch", call);
  return call;
}

test("a file is handed in with the session and then sent by its receipt", async () => {
  const call = answer({ receipt: "r1", attachment: ATTACHMENT });
  const wire = new FakeWire();
  const conversation = new Conversation(SERVER, "zh", "zh", wire.open, () => undefined);
  wire.ready();
  await conversation.sendFile(PHOTO);
  await vi.waitFor(() => expect(conversation.outbox.items).toEqual([]));
  expect(call.mock.calls[0]?.[0]).toBe(`${SERVER}/files?name=${encodeURIComponent(PHOTO.name)}`);
  expect(call.mock.calls[0]?.[1]).toMatchObject({ headers: { authorization: "Bearer s1" } });
  const { client_id: _, ...said } = wire.said[0] ?? { client_id: "" };
  expect(said).toEqual({ text: "", files: ["r1"] });
  expect(conversation.transcript.messages[0]?.attachments).toEqual([ATTACHMENT]);
  conversation.close();
});

test("what the server refuses is told in its words, what is too large is not even sent", async () => {
  answer({ error: { code: "type", zh: "只能发图片", en: "Only pictures" } }, 415);
  const refused = await upload(SERVER, "s1", PHOTO).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(Refused);
  expect((refused as Refused).refusal.zh).toBe("只能发图片");
  const call = answer({});
  const large = new File([new Uint8Array(10_000_001)], "film.mp4");
  await expect(upload(SERVER, "s1", large)).rejects.toMatchObject({ refusal: { code: "size" } });
  expect(call).not.toHaveBeenCalled();
});

test("a network that breaks is a refusal without words", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("failed")));
  await expect(upload(SERVER, "s1", PHOTO)).rejects.toMatchObject({ refusal: { code: "network" } });
});
