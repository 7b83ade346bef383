// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from "vitest";
import { Bell } from "../../src/desk/bell";

interface Note {
  title: string;
  body?: string | undefined;
  onclick?: () => void;
  close(): void;
}
const shown: Note[] = [];
let tones = 0;

class FakeNotification {
  static permission = "granted";
  static async requestPermission(): Promise<string> {
    FakeNotification.permission = "granted";
    return "granted";
  }
  constructor(title: string, { body }: { body?: string }) {
    shown.push(Object.assign(this, { title, body, close: () => undefined }));
  }
}
const silent = { connect: () => silent };

beforeEach(() => {
  shown.length = 0;
  tones = 0;
  localStorage.clear();
  FakeNotification.permission = "granted";
  vi.stubGlobal("Notification", FakeNotification);
  vi.stubGlobal(
    "AudioContext",
    class {
      state = "running";
      currentTime = 0;
      destination = {};
    },
  );
  vi.stubGlobal(
    "OscillatorNode",
    class {
      connect = silent.connect;
      start = () => {
        tones += 1;
      };
      stop = () => undefined;
    },
  );
  vi.stubGlobal(
    "GainNode",
    class {
      gain = { setValueAtTime: () => undefined, exponentialRampToValueAtTime: () => undefined };
      connect = silent.connect;
    },
  );
});

const away = (is: boolean) => vi.spyOn(document, "hasFocus").mockReturnValue(!is);

test("who is at something else is told by the browser, and a press leads to the customer", () => {
  away(true);
  const opened = vi.fn();
  new Bell().ring("customer", "有顾客在排队", "林静", opened);
  expect(shown).toMatchObject([{ title: "有顾客在排队", body: "林静" }]);
  expect(tones).toBe(2);
  shown[0]?.onclick?.();
  expect(opened).toHaveBeenCalledOnce();
});

test("who looks at the desk hears it only", () => {
  away(false);
  new Bell().ring("message", "顾客来消息了", "林静", () => undefined);
  expect([shown.length, tones]).toEqual([0, 1]);
});

test("without sound the browser still tells", () => {
  away(true);
  const bell = new Bell();
  bell.toggle();
  bell.ring("late", "有顾客等得太久", "林静", () => undefined);
  expect([shown.length, tones]).toEqual([1, 0]);
});

test("several at once call once", () => {
  away(true);
  const bell = new Bell();
  for (let n = 0; n < 3; n++) bell.ring("customer", "x", "y", () => undefined);
  expect(shown).toHaveLength(1);
});

test("the browser is asked once, when somebody wants it", async () => {
  FakeNotification.permission = "default";
  away(true);
  const bell = new Bell();
  expect(bell.mayAsk).toBe(true);
  bell.ring("customer", "x", "y", () => undefined);
  expect(shown).toHaveLength(0);
  await bell.ask();
  expect(bell.mayAsk).toBe(false);
});
