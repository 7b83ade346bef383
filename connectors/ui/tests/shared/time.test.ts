import { beforeAll, expect, test } from "vitest";
import { clock, goByZone, moment } from "../../src/shared/time";

const at = "2026-11-22T15:30:00Z"; // 23:30 in Shanghai, on the same day

beforeAll(() => goByZone("Asia/Shanghai"));

test("the shop's clock shows, not the computer's", () => {
  expect(moment(at, "zh")).toBe("11月22日 23:30");
  expect(moment(at, "en")).toBe("22 Nov, 23:30");
  goByZone("America/New_York");
  expect(moment(at, "en")).toBe("22 Nov, 10:30");
  goByZone("Asia/Shanghai");
});

test("the day stands beside the time when the shop has another one", () => {
  expect(clock(at, "en", new Date("2026-11-22T15:59:00Z"))).toBe("23:30");
  expect(clock(at, "en", new Date("2026-11-22T16:01:00Z"))).toBe("22 Nov, 23:30");
});
