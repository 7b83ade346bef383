/** Calls the agent: a soft sound, and a notification when they are at something else. */

const KEY = "yingda:desk:sound";
/** Two notes, in hertz, each in seconds after the start. */
export type Call = "customer" | "yours" | "message" | "late";
const NOTES: Record<Call, [number, number][]> = {
  customer: [
    [660, 0],
    [880, 0.14],
  ],
  yours: [
    [660, 0],
    [990, 0.14],
  ],
  message: [[740, 0]],
  late: [
    [880, 0],
    [660, 0.14],
    [880, 0.28],
  ],
};
/** Least time between two sounds, in milliseconds. */
const PAUSE_MS = 1_500;

export class Bell {
  on = stored() !== "off";
  #audio: AudioContext | undefined;
  #last = 0;

  toggle(): void {
    this.on = !this.on;
    try {
      localStorage.setItem(KEY, this.on ? "on" : "off");
    } catch {
      // It is only forgotten at reload.
    }
    if (this.on) this.#play("message");
  }

  /** Whether the browser has yet to be asked for notifications. */
  get mayAsk(): boolean {
    return "Notification" in window && Notification.permission === "default";
  }

  async ask(): Promise<void> {
    await Notification.requestPermission();
  }

  /** @param who names the customer. @param open is called when the notification is pressed. */
  ring(what: Call, words: string, who: string, open: () => void): void {
    const now = Date.now();
    if (now - this.#last < PAUSE_MS) return;
    this.#last = now;
    if (this.on) this.#play(what);
    if (document.hidden || !document.hasFocus()) notify(words, who, open);
  }

  #play(what: Call): void {
    this.#audio ??= new AudioContext();
    const audio = this.#audio;
    // Browsers allow sound only after the first click; until then the title alone calls.
    if (audio.state === "suspended") void audio.resume();
    for (const [pitch, after] of NOTES[what]) {
      const at = audio.currentTime + after;
      const tone = new OscillatorNode(audio, { frequency: pitch, type: "sine" });
      const volume = new GainNode(audio, { gain: 0 });
      volume.gain.setValueAtTime(0.0001, at);
      volume.gain.exponentialRampToValueAtTime(0.12, at + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.32);
      tone.connect(volume).connect(audio.destination);
      tone.start(at);
      tone.stop(at + 0.35);
    }
  }
}

function notify(words: string, who: string, open: () => void): void {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  try {
    const note = new Notification(words, { body: who, tag: "yingda-desk" });
    note.onclick = () => {
      window.focus();
      note.close();
      open();
    };
  } catch {
    // Chrome on Android has them for service workers only.
  }
}

function stored(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
