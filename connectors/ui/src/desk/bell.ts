/** Calls the agent: a soft sound, and a notification when the page is out of sight. */

const KEY = "yingda:desk:sound";
/** Two notes, in hertz, each in seconds after the start. */
export type Call = "customer" | "message" | "late";
const NOTES: Record<Call, [number, number][]> = {
  customer: [
    [660, 0],
    [880, 0.14],
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
    if (!this.on) return;
    this.#play("message");
    if ("Notification" in window && Notification.permission === "default")
      void Notification.requestPermission();
  }

  ring(what: Call, words: string): void {
    const now = Date.now();
    if (!this.on || now - this.#last < PAUSE_MS) return;
    this.#last = now;
    this.#play(what);
    if (document.hidden && "Notification" in window && Notification.permission === "granted") {
      const note = new Notification(words, { tag: "yingda-desk" });
      note.onclick = () => {
        window.focus();
        note.close();
      };
    }
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

function stored(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
